"""Commitment requests: kept, decided, told (PS3.18 sections 13.4 and 13.5)."""

import time
from collections.abc import Sequence

from archipel.testing.conform.model import Failed, Group, Trial, claim
from archipel.testing.conform.server import JSON, Answer
from archipel.testing.conform.ups.workitem import send, sequence, text, uid, value

group = Group("commitment", "Storage commitment")
_WITHIN_S = 20.0
_REFERENCED, _FAILED, _REASON = "00081199", "00081198", "00081197"
_CLASS, _INSTANCE = "00081150", "00081155"
_SECONDARY, _ACCEPTED, _NO_SUCH, _CONFLICT = "1.2.840.10008.5.1.4.1.1.7", 202, 0x0112, 0x0119


def _ask(trial: Trial, transaction: str, pairs: Sequence[tuple[str, str]]) -> Answer:
    items = [{_CLASS: text("UI", a), _INSTANCE: text("UI", b)} for a, b in pairs]
    said = {_REFERENCED: sequence(*items)}
    return send(trial, "POST", f"/commitment-requests/{transaction}", said).wanted(200, 202)


def _decided(trial: Trial, transaction: str) -> Answer:
    until = time.monotonic() + _WITHIN_S
    while time.monotonic() < until:
        path = f"/commitment-requests/{transaction}"
        answer = trial.server.get(path, accept=JSON).wanted(200, 202)
        if answer.status != _ACCEPTED:
            return answer.of(JSON)
        time.sleep(0.2)
    raise Failed(f"nothing is decided within {_WITHIN_S:.0f} s")


def _result(trial: Trial, *pairs: tuple[str, str]) -> tuple[list[str], dict[str, int]]:
    """Ask, wait, and return what is committed and why the rest is not."""
    transaction = uid()
    _ask(trial, transaction, pairs)
    told = _decided(trial, transaction).json()
    found = told[0] if isinstance(told, list) else told
    kept = [value(one, _INSTANCE) for one in found.get(_REFERENCED, {}).get("Value", [])]
    lost = found.get(_FAILED, {}).get("Value", [])
    return kept, {value(one, _INSTANCE): value(one, _REASON) for one in lost}


@group.may("13.4", "a request is taken: 200 or 202")
def request(trial: Trial) -> None:
    """Ask for one instance."""
    held = trial.sent.cine
    _ask(trial, uid(), [(str(held.SOPClassUID), str(held.SOPInstanceUID))])


@group.may("13.5", "what is held is committed")
def committed(trial: Trial) -> None:
    """Ask for a whole study."""
    pairs = [(str(one.SOPClassUID), str(one.SOPInstanceUID)) for one in trial.sent.first]
    kept, lost = _result(trial, *pairs)
    claim(not lost, f"{len(lost)} of {len(pairs)} are not")
    claim(sorted(kept) == sorted(b for _, b in pairs), "others are than were asked for")


@group.may("13.5", "what is not held is not committed: 0112")
def absent(trial: Trial) -> None:
    """Ask for an instance that never came beside one that did."""
    held, never = trial.sent.other, uid()
    pair = (str(held.SOPClassUID), str(held.SOPInstanceUID))
    kept, lost = _result(trial, pair, (_SECONDARY, never))
    claim(kept == [pair[1]], "what is held is not committed")
    claim(lost == {never: _NO_SUCH}, f"the reason is {lost.get(never)}")


@group.may("13.5", "what is held of another SOP class is not committed: 0119")
def another_class(trial: Trial) -> None:
    """Name another class."""
    named = str(trial.sent.other.SOPInstanceUID)
    _, lost = _result(trial, ("1.2.840.10008.5.1.4.1.1.128", named))
    claim(lost == {named: _CONFLICT}, f"the reason is {lost.get(named)}")


@group.may("13.4.3.1", "a Transaction UID is used for one set of instances: 409")
def transaction_twice(trial: Trial) -> None:
    """Use one for two."""
    transaction, held = uid(), trial.sent.other
    _ask(trial, transaction, [(str(held.SOPClassUID), str(held.SOPInstanceUID))])
    said = {_REFERENCED: sequence({_CLASS: text("UI", _SECONDARY), _INSTANCE: text("UI", uid())})}
    send(trial, "POST", f"/commitment-requests/{transaction}", said).wanted(409)


@group.may("13.5.3.1", "a transaction that is not known is 404")
def unknown(trial: Trial) -> None:
    """Ask how nothing went, once there is a service at all."""
    request(trial)
    trial.server.get(f"/commitment-requests/{uid()}", accept=JSON).wanted(404)
