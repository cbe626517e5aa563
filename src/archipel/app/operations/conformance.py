"""The DICOM conformance statement (PS3.2) of this node: its words, and tables from the program."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import archipel
from archipel.app.dicom_door import measures
from archipel.app.operations.commitments import AT_ONCE_S
from archipel.app.settings import DicomSettings
from archipel.archive.commitment import FailureReason
from archipel.kernel.hierarchy import Level
from archipel.protocols.dimse import negotiation, status
from archipel.protocols.dimse.secure import OLDEST, SUITES
from archipel.protocols.dimse.status import Status
from archipel.standards.dicom import service_classes as sop
from archipel.standards.dicom import transfer_syntax
from archipel.standards.dicom.attributes import INDEXED

_WORDS = Path(__file__).with_name("conformance.md")

SOP_CLASSES: Sequence[tuple[str, str, str, str]] = (  # name, UID, as user, as provider
    ("Verification", sop.VERIFICATION, "yes", "yes"),
    ("Patient Root Query/Retrieve - FIND", sop.PATIENT_ROOT_FIND, "no", "yes"),
    ("Patient Root Query/Retrieve - MOVE", sop.PATIENT_ROOT_MOVE, "no", "yes"),
    ("Patient Root Query/Retrieve - GET", sop.PATIENT_ROOT_GET, "no", "yes"),
    ("Study Root Query/Retrieve - FIND", sop.STUDY_ROOT_FIND, "no", "yes"),
    ("Study Root Query/Retrieve - MOVE", sop.STUDY_ROOT_MOVE, "no", "yes"),
    ("Study Root Query/Retrieve - GET", sop.STUDY_ROOT_GET, "no", "yes"),
    ("Modality Worklist Information Model - FIND", sop.MODALITY_WORKLIST_FIND, "no", "yes"),
    ("Storage Commitment Push Model", sop.STORAGE_COMMITMENT, "yes", "yes"),
    ("Instance Availability Notification", sop.INSTANCE_AVAILABILITY, "yes", "no"),
)
"""Beside storage, which is a rule and not a list."""

_STORAGE_ROW = (
    "Storage: all classes, section 3.1",
    "below `1.2.840.10008.5.1.4.1.1`",
    "yes, for C-MOVE and C-GET",
    "yes",
)
_REJECTIONS = (
    ("another application context", "permanent, 1, 2"),
    ("called title unknown", "permanent, 1, 7"),
    (
        "calling title unknown, elsewhere, or not with its certificate",
        "permanent, 1, 3; listed for the administrator",
    ),
    ("protocol version", "permanent, 2, 2"),
    (
        "nobody can be admitted now (the index is away), or no worker is free",
        "transient, 3, 1",
    ),
    ("too many associations", "transient, 3, 2"),
)
_LIMITS = (  # what, name of the measure, setting
    ("maximum PDU, bytes", "max_pdu_bytes", "maximum_pdu_bytes"),
    ("A-ASSOCIATE-RQ, bytes", "max_associate_bytes", ""),
    ("associations at once", "max_associations", "maximum_associations"),
    (
        "associations from one address",
        "max_associations_per_address",
        "associations_per_address",
    ),
    ("time for the A-ASSOCIATE-RQ, s", "associate_timeout_s", "associate_timeout_s"),
    ("silence within a message, s", "network_timeout_s", ""),
    ("silence between messages, s", "idle_timeout_s", "idle_timeout_s"),
    ("ARTIM timer, s", "artim_s", ""),
    ("one data set, bytes", "max_dataset_bytes", ""),
    ("one identifier, bytes", "max_identifier_bytes", ""),
    ("one commitment request, bytes", "max_action_bytes", ""),
    ("the indexed attributes lie within the first, bytes", "max_header_bytes", ""),
    ("answers of one C-FIND", "max_matches", ""),
    ("to reach a destination, s", "connect_timeout_s", ""),
)
MEANINGS = {
    Status.SUCCESS: "done; for C-STORE: durable",
    Status.PROCESSING_FAILURE: "a fault of this node; its log says more",
    Status.DUPLICATE_SOP_INSTANCE: "a conflict",
    Status.NO_SUCH_INSTANCE: "no such instance; of a report: nobody asked for this transaction",
    Status.NO_SUCH_EVENT_TYPE: "storage commitment has event types 1 and 2",
    Status.INVALID_ARGUMENT: "the request or report cannot be read",
    Status.NO_SUCH_ACTION: "storage commitment has action type 1",
    Status.NOT_AUTHORIZED: "this device may not do this",
    Status.DUPLICATE_TRANSACTION: "the transaction UID was used for other instances",
    Status.UNRECOGNIZED_OPERATION: "no such operation in this context",
    Status.RESOURCE_LIMITATION: "the request cannot be kept now",
    Status.OUT_OF_RESOURCES: (
        "no room, read-only or the index is too far behind; or more matches than the limit: "
        "narrow the query"
    ),
    Status.CANNOT_COUNT_MATCHES: "more instances than can be counted",
    Status.CANNOT_PERFORM_SUB_OPERATIONS: "no sub-operation could be done",
    Status.MOVE_DESTINATION_UNKNOWN: "the destination is no device with an address",
    Status.DATASET_MISMATCH: (
        "store: the data set names another class or instance than the command; others: the "
        "identifier does not fit"
    ),
    Status.SUB_OPERATIONS_WARNING: "done, some sub-operations failed or warned",
    Status.CANNOT_UNDERSTAND: "cannot be read",
    Status.MISPLACED_INSTANCE: "the data set does not say its study, series or instance UID",
    Status.CANCEL: "cancelled",
    Status.PENDING: "pending",
    Status.PENDING_UNSUPPORTED_KEY: "pending; a key that was asked for is not supported",
}
"""What each status that a peer may be answered means here."""

_ALWAYS = {  # beside what the tables of failures hold
    Status.SUCCESS: "all",
    Status.PROCESSING_FAILURE: "all",
    Status.UNRECOGNIZED_OPERATION: "all",
    Status.SUB_OPERATIONS_WARNING: "move, get",
    Status.CANCEL: "find, move, get",
    Status.PENDING: "find, move, get",
    Status.PENDING_UNSUPPORTED_KEY: "find",
}
_TABLES = {
    "store": status.STORE,
    "find": status.FIND,
    "move": status.MOVE,
    "get": status.GET,
    "commit": status.HEARD | status.COMMIT,
}
_REASONS = {
    FailureReason.PROCESSING_FAILURE: (
        "the instance could not be read, has changed on the disk, or other bytes under its UID "
        "wait for a decision"
    ),
    FailureReason.NO_SUCH_OBJECT_INSTANCE: "it is not held for this organisation",
    FailureReason.CLASS_INSTANCE_CONFLICT: "it is held, of another SOP class",
}


def statement(settings: DicomSettings) -> str:
    """Write the statement of a node with these settings, in Markdown."""
    text = _WORDS.read_text("utf-8")
    for name, content in _parts(settings).items():
        text = text.replace("{{" + name + "}}", content)
    return text


def _parts(settings: DicomSettings) -> dict[str, str]:
    door = measures(settings)
    classes = [(name, f"`{uid}`", user, ours) for name, uid, user, ours in SOP_CLASSES]
    limits = [
        (f"{what} (`{name}`)", _plain(getattr(door, name)), f"`dicom.{told}`" if told else "")
        for what, name, told in _LIMITS
    ]
    keys = [
        (level.name, ", ".join(one.keyword for one in INDEXED.values() if one.level is level))
        for level in Level
    ]
    syntaxes = [(one.name, f"`{uid}`") for uid, one in transfer_syntax.REGISTRY.items()]
    return {
        "version": archipel.__version__,
        "sop-classes": _table(
            ("SOP class", "UID", "As user (SCU)", "As provider (SCP)"),
            [classes[0], _STORAGE_ROW, *classes[1:]],
        ),
        "rejections": _table(
            ("Rejected because", "Result, source, reason (PS3.8 table 9-21)"), _REJECTIONS
        ),
        "limits": _table(("Limit", "Value", "Setting"), limits),
        "statuses": _table(("Status", "Service", "Meaning here"), _statuses()),
        "keys": _table(("Level", "Keys"), keys),
        "transfer-syntaxes": _table(("Name", "UID"), syntaxes),
        "extensions": _table(("SOP classes", "Byte", "Answer"), _extensions()),
        "reasons": _table(
            ("Failure reason (0008,1197)", "Meaning here"),
            [(f"{reason:04X}H", meaning) for reason, meaning in _REASONS.items()],
        ),
        "at-once": f"{AT_ONCE_S:g}",
        "security": _table(("TLS", "Here"), _security(settings)),
    }


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _statuses() -> Iterable[tuple[str, str, str]]:
    for one, meaning in sorted(MEANINGS.items()):
        services = [name for name, table in _TABLES.items() if one in table.values()]
        yield f"`{one:04X}`", _ALWAYS.get(one) or ", ".join(services), meaning


def _extensions() -> Iterable[tuple[str, str, str]]:
    queries = ("relational queries", "combined date-time matching", "fuzzy matching of names")
    for place, what in enumerate((*queries, "time zone adjustment", "multi-frame conversion")):
        said = "yes" if negotiation.OF_QUERIES[place] else "no"
        yield "Query FIND", f"{place + 1}: {what}", said
    for place, what in enumerate(("relational retrieval", "multi-frame conversion")):
        said = "yes" if negotiation.OF_RETRIEVALS[place] else "no"
        yield "Retrieve MOVE, GET", f"{place + 1}: {what}", said
    for place, what in ((0, "level of support"), (2, "digital signatures"), (4, "coercion")):
        yield "Storage", f"{place + 1}: {what}", str(negotiation.OF_STORAGE[place])


def _security(settings: DicomSettings) -> Iterable[tuple[str, str]]:
    yield "oldest version", OLDEST.name.replace("TLSv1_", "1.")
    yield "suites of TLS 1.2", f"`{SUITES}`"
    yield "port", f"`{settings.tls_bind}`" if settings.tls_bind else "none: set `dicom.tls_bind`"
    yield "port in clear", f"`{settings.bind}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(line)} |" for line in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]])
