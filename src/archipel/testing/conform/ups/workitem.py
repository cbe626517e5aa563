"""A workitem that a server is sent, as DICOM JSON (PS3.18 annex F)."""

import json
import secrets
from typing import Any

from archipel.testing.conform.model import Trial
from archipel.testing.conform.server import JSON, Answer

GLOBAL = "1.2.840.10008.5.1.4.34.5"
FILTERED = "1.2.840.10008.5.1.4.34.5.1"
STATE, TRANSACTION, LABEL, REASON = "00741000", "00081195", "00741204", "00741238"
PROGRESS, PERFORMED, LIST = "00741002", "00741216", "00741202"
_CODE = {
    "00080100": {"vr": "SH", "Value": ["110005"]},
    "00080102": {"vr": "SH", "Value": ["DCM"]},
    "00080104": {"vr": "LO", "Value": ["Interpretation"]},
}


def uid() -> str:
    """Make a UID (PS3.5 annex B.2)."""
    return f"2.25.{secrets.randbits(120)}"


def text(vr: str, *values: str) -> dict[str, Any]:
    """Write an element."""
    return {"vr": vr, "Value": list(values)} if values else {"vr": vr}


def sequence(*items: dict[str, Any]) -> dict[str, Any]:
    """Write a sequence."""
    return {"vr": "SQ", "Value": list(items)} if items else {"vr": "SQ"}


def new(label: str = "TEST conform", worklist: str = "TEST conform") -> dict[str, Any]:
    """Make a workitem that fulfils PS3.4 table CC.2.5-3, N-CREATE."""
    empty = {
        tag: sequence()
        for tag in (
            *("00741210", "00404025", "00404026", "00404027", "00404021", PROGRESS, PERFORMED),
            *("00101002", "00380014", "00081084", "0040A370"),
        )
    }
    return empty | {
        "00081080": text("LO"),
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "TEST-Conform^Ups"}]},
        "00100020": text("LO", "TEST-UPS"),
        "00100030": text("DA", "19700101"),
        "00100040": text("CS", "O"),
        "00380010": text("LO"),
        "00400400": text("LT"),
        "00404005": text("DT", "20260101120000"),
        "00404018": sequence(_CODE),
        "00404041": text("CS", "READY"),
        STATE: text("CS", "SCHEDULED"),
        "00741200": text("CS", "MEDIUM"),
        LIST: text("LO", worklist),
        LABEL: text("LO", label),
    }


def performed() -> dict[str, Any]:
    """Say what was done: what a step must say to be COMPLETED."""
    item = {
        "00404028": sequence(_CODE),
        "00404019": sequence(_CODE),
        "00404050": text("DT", "20260101120500"),
        "00404051": text("DT", "20260101121000"),
        "00404033": sequence(),
    }
    return {PERFORMED: sequence(item)}


def given_up() -> dict[str, Any]:
    """Say why it was not done: what a step must say to be CANCELED."""
    reason = {
        "00080100": text("SH", "110513"),
        "00080102": text("SH", "DCM"),
        "00080104": text("LO", "Discontinued for unspecified reason"),
    }
    item = {"00404052": text("DT", "20260101120500"), "0074100E": sequence(reason)}
    return {PROGRESS: sequence(item)}


def send(trial: Trial, method: str, path: str, content: object = None) -> Answer:
    """Send a data set, or nothing."""
    body = b"" if content is None else json.dumps(content).encode()
    headers = {"Content-Type": JSON, "Accept": JSON}
    return trial.server.ask(method, path, headers=headers, content=body)


def made(trial: Trial, **told: str) -> str:
    """Create a workitem; return its UID."""
    named = uid()
    send(trial, "POST", f"/workitems?{named}", new(**told)).wanted(201)
    return named


def state(trial: Trial, named: str, wanted: str, transaction: str = "") -> Answer:
    """Ask for a change of state."""
    said = {STATE: text("CS", wanted)}
    if transaction:
        said[TRANSACTION] = text("UI", transaction)
    return send(trial, "PUT", f"/workitems/{named}/state", said)


def claimed(trial: Trial) -> tuple[str, str]:
    """Create a workitem and claim it; return its UID and that of the transaction."""
    named, transaction = made(trial), uid()
    state(trial, named, "IN PROGRESS", transaction).wanted()
    return named, transaction


def held(trial: Trial, named: str) -> dict[str, Any]:
    """Retrieve a workitem."""
    (found,) = trial.server.get(f"/workitems/{named}", accept=JSON).wanted().of(JSON).datasets()
    return found


def value(found: dict[str, Any], tag: str) -> Any:
    """Give the first value of an element."""
    return found[tag]["Value"][0]
