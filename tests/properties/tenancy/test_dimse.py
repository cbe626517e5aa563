"""Nothing that a device of one organisation asks at the DICOM door tells of the other.

Nor does it change anything there.
Every service of the door's own table is driven, at every level, under every pairing of titles.
"""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom._uid_dict import UID_dictionary
from tests.properties.tenancy.asked import EVERYTHING, EXAMPLES, KEYS, UIDS, to_store, values
from tests.properties.tenancy.worlds import (
    HELD,
    NORTH,
    OTHER,
    SETTINGS,
    TENANTS,
    TwinNode,
    Worlds,
    title_of,
)
from tests.unit.dicomweb.conftest import CT, Slice

from archipel.access.model import Action
from archipel.archive.commitment import (
    Asker,
    Commitment,
    CommitmentKey,
    FailureReason,
    Reference,
)
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import Malformed
from archipel.kernel.hierarchy import Level
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.protocols.dimse import negotiation
from archipel.protocols.dimse.association import SERVICES
from archipel.protocols.dimse.commitment import content
from archipel.protocols.dimse.errors import AssociationRejected
from archipel.protocols.dimse.identifiers import QUERY_RETRIEVE_LEVEL
from archipel.protocols.dimse.user import Proposal, associate
from archipel.standards.dicom import dataset as datasets
from archipel.standards.dicom import pdu
from archipel.standards.dicom import service_classes as sop
from archipel.standards.dicom.attributes import UNIQUE_KEY
from archipel.standards.dicom.command import CommandField, Element, action, event_report, request
from archipel.standards.dicom.dataset import DataSet
from archipel.standards.dicom.transfer_syntax import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from archipel.standards.dicom.user_information import Role, UserInformation
from archipel.testing.storage_node import START

FIND, MOVE, GET = CommandField.C_FIND_RQ, CommandField.C_MOVE_RQ, CommandField.C_GET_RQ
STORE, ECHO = CommandField.C_STORE_RQ, CommandField.C_ECHO_RQ
COMMIT, REPORT = CommandField.N_ACTION_RQ, CommandField.N_EVENT_REPORT_RQ
SYNTAXES = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
QUERIES = [
    (field, abstract, level)
    for field, models in ((FIND, sop.FIND), (MOVE, sop.MOVE), (GET, sop.GET))
    for abstract in sorted(models)
    for level in Level
    if level is not Level.PATIENT or abstract in sop.PATIENT_ROOT
]
STEP_KEYS = (0x00080060, 0x00400001, 0x00400002, 0x00400003, 0x00400006, 0x00400009)
DRIVEN = {
    FIND: {sop.PATIENT_ROOT_FIND, sop.STUDY_ROOT_FIND, sop.MODALITY_WORKLIST_FIND},
    MOVE: {sop.PATIENT_ROOT_MOVE, sop.STUDY_ROOT_MOVE},
    GET: {sop.PATIENT_ROOT_GET, sop.STUDY_ROOT_GET},
    STORE: {CT.value},
    COMMIT: {sop.STORAGE_COMMITMENT},
    REPORT: {sop.STORAGE_COMMITMENT},
}
SOP_CLASSES = [uid for uid, told in UID_dictionary.items() if "SOP Class" in told[1]]
"""Every SOP class of PS3.6: one that the door begins to accept fails until it has a case here."""
NEVER = Commitment(
    key=CommitmentKey(
        tenant=TENANTS[0],
        asker=Asker.US,
        peer=AETitle("CT"),
        transaction=Uid("1.2.77.1"),
    ),
    own=AETitle(title_of(TENANTS[0])),
    references=(Reference(CT, Uid(HELD[TENANTS[0]][0].instance)),),
    asked_at=START,
    failed={},
)
DESTINATIONS = (*(f"{title_of(tenant)}_PACS" for tenant in TENANTS), "NOBODY", "", "A\\B")


@dataclass(frozen=True)
class Request:
    """One request of a device: service, model, identifier; where to, or what to store."""

    field: int
    abstract: str
    keys: dict[int, str] | None = None
    destination: str = ""
    stores: list[Slice] = field(default_factory=list)
    commitment: Commitment = NEVER


def answers(node: TwinNode, calling: str, called: str, asked: Request) -> list[object]:
    """Send a request; return every message that comes back, or how the caller was refused."""
    proposals = [Proposal(asked.abstract, SYNTAXES)]
    if asked.field == GET:
        proposals.append(Proposal(CT.value, SYNTAXES, receive=True))
    try:
        with associate(node.peer(calling, called), proposals) as association:
            context_id, context = association.context(asked.abstract)
            said: list[object] = []
            for one in asked.stores or [None]:
                command, dataset = _message(asked, one, context.transfer_syntax)
                command.values[Element.MESSAGE_ID] = association.next_message_id()
                association.send(context_id, command, dataset)
                said += _until_final(association)
    except AssociationRejected as refused:
        return [str(refused).replace(str(node.dimse.port), "")]
    return said


def _message(asked: Request, one: Slice | None, syntax: str):
    well_known = (sop.STORAGE_COMMITMENT, sop.STORAGE_COMMITMENT_INSTANCE)
    if asked.field == COMMIT:
        return action(1, *well_known, 1), [content.request(asked.commitment, syntax)]
    if asked.field == REPORT:
        event_type, told = content.report(asked.commitment, syntax)
        return event_report(1, *well_known, event_type), [told]
    command = request(asked.field, 1, asked.abstract, dataset=asked.field != ECHO)
    if one is not None:
        command.values[Element.AFFECTED_SOP_INSTANCE] = one.instance
        return command, [one.dataset]
    if asked.destination:
        command.values[Element.MOVE_DESTINATION] = asked.destination
    if asked.keys is None:
        return command, None
    return command, [datasets.write(_keys(asked), syntax)]


def _keys(asked: Request) -> DataSet:
    """Make the data set of keys; those of a scheduled step go into their item."""
    assert asked.keys is not None
    if asked.abstract not in sop.WORKLIST:
        return DataSet.from_texts(asked.keys)
    whole = {tag: text for tag, text in asked.keys.items() if tag not in STEP_KEYS}
    made = DataSet.from_texts(whole)
    step = {tag: asked.keys[tag] for tag in STEP_KEYS if tag in asked.keys}
    made.set_items(0x00400100, [DataSet.from_texts(step)])
    return made


def _until_final(association) -> list[object]:
    said: list[object] = []
    while True:
        context_id, command = association.receive()
        dataset = None
        if command.has_dataset:
            dataset = association.channel.receive_whole(context_id, max_bytes=1 << 20)
        said.append((dict(command.values), dataset))
        if command.field == STORE:
            association.send(context_id, command.response(0))
        elif command.status not in {0xFF00, 0xFF01}:
            return said


@st.composite
def identifiers(draw: st.DrawFn, level: Level, *, retrieve: bool) -> dict[int, str]:
    """Draw an identifier: keys of any kind, most often the unique ones of something held."""
    keys: dict[int, str] = {QUERY_RETRIEVE_LEVEL: level.name}
    names = {Level.STUDY: "study", Level.SERIES: "series", Level.IMAGE: "instance"}
    one = draw(st.sampled_from(EVERYTHING))
    for each, tag in UNIQUE_KEY.items():
        if each > level or draw(st.integers(0, 9)) == 0:
            continue
        if each is Level.PATIENT:
            keys[tag] = draw(
                st.sampled_from(
                    ["IPP-1", "IPP-2", "IPP-7", "IPP-8", "IPP-9", "IPP-77", "", "IPP*"]
                )
            )
            continue
        own = st.just(getattr(one, names[each]))
        listed = st.lists(st.sampled_from(UIDS[names[each]]), min_size=1, max_size=4)
        keys[tag] = draw(own | own | listed.map("\\".join) | st.just(""))
    if not retrieve:
        for tag in draw(st.lists(st.sampled_from(KEYS), max_size=4, unique=True)):
            keys.setdefault(tag, draw(_writable(tag)))
    return keys


def _writable(tag: int) -> st.SearchStrategy[str]:
    def can_be_sent(text: str) -> bool:
        try:
            DataSet.from_texts({tag: text})
        except Malformed:
            return False
        return True

    return values(tag, separator="\\").filter(can_be_sent)


def callers(tenant: TenantId) -> list[tuple[str, str]]:
    """Name, for an organisation, titles that its devices may give: calling and called."""
    title = title_of(tenant)
    return [("CT", title), (f"{title}_MR", title)]


def test_every_service_of_the_door_is_driven() -> None:
    accepted = {uid for uid in [*SOP_CLASSES, "1.3.6.1.4.1.77"] if _is_accepted(uid)}
    of_storage = {uid for uid in accepted if sop.is_storage(uid)}
    served = {
        service: {CT.value if uid in of_storage else uid for uid in accepted if serves(uid)}
        for service, (serves, _) in SERVICES.items()
    }

    assert served == DRIVEN
    assert accepted - of_storage == {sop.VERIFICATION}.union(*served.values()) - {CT.value}
    assert "1.3.6.1.4.1.77" in of_storage
    only_sent = {CommandField.N_CREATE_RQ}
    assert set(CommandField) - set(SERVICES) == {ECHO, CommandField.C_CANCEL_RQ} | only_sent


def _is_accepted(uid: str) -> bool:
    """Tell whether the door accepts an abstract syntax, in any role."""
    proposed = (pdu.ProposedContext(1, uid, SYNTAXES),)
    user = UserInformation(roles=(Role(uid, scu=True, scp=True),))
    asked = pdu.AssociateRq(called="A", calling="B", contexts=proposed, user=user)
    return bool(negotiation.answer(asked, SETTINGS)[1])


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize(
    ("service", "abstract", "level"),
    QUERIES,
    ids=lambda value: getattr(value, "name", str(value)[-5:]),
)
def test_asking_is_as_if_the_other_were_not_there(
    twins: Worlds, service: CommandField, abstract: str, level: Level, examples: int
) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(st.data(), st.sampled_from(TENANTS))
    def same(data: st.DataObject, tenant: TenantId) -> None:
        calling, called = data.draw(st.sampled_from(callers(tenant)))
        keys = data.draw(identifiers(level, retrieve=service != FIND))
        destination = data.draw(st.sampled_from(DESTINATIONS)) if service == MOVE else ""
        asked = Request(service, abstract, keys, destination)
        before = len(twins.both.audit.entries)

        crowded = answers(twins.both, calling, called, asked), twins.target.taken()
        alone = answers(twins.alone[tenant], calling, called, asked), twins.target.taken()

        assert crowded == alone
        assert {e.tenant for e in twins.both.audit.entries[before:]} <= {tenant, NORTH}

    same()


def _of_worklist(tenant: TenantId) -> dict[int, str]:
    """Name the keys of a worklist query, each with what one order of `tenant` says."""
    own = f"ACC-{tenant}-1"
    texts = {0x00080050: own, 0x00100010: "TEST-*", 0x00100020: "IPP-1", 0x00321060: ""}
    return {**texts, **dict.fromkeys(STEP_KEYS, ""), 0x00080060: "CT", 0x00400002: "202603"}


@pytest.mark.parametrize("examples", EXAMPLES)
def test_a_worklist_is_as_if_the_other_were_not_there(twins: Worlds, examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(st.data(), st.sampled_from(TENANTS))
    def same(data: st.DataObject, tenant: TenantId) -> None:
        calling, called = data.draw(st.sampled_from(callers(tenant)))
        either = _of_worklist(data.draw(st.sampled_from(TENANTS)))
        keys = {
            tag: data.draw(st.sampled_from(["", "*", text, text[:4] + "*", "20260301-", "?"]))
            for tag, text in either.items()
        }
        asked = Request(FIND, sop.MODALITY_WORKLIST_FIND, keys)

        crowded = answers(twins.both, calling, called, asked)

        assert crowded == answers(twins.alone[tenant], calling, called, asked)

    same()


def test_a_worklist_holds_the_steps_of_the_called_alone(twins: Worlds) -> None:
    everything = dict.fromkeys(_of_worklist(TENANTS[0]), "")
    for tenant in TENANTS:
        asked = Request(FIND, sop.MODALITY_WORKLIST_FIND, everything)
        said = answers(twins.both, *callers(tenant)[0], asked)

        assert len(said) == 3  # two steps and the end
        assert f"ACC-{tenant}-1" in str(said)
        assert f"ACC-{OTHER[tenant]}" not in str(said)


@pytest.mark.parametrize(
    ("service", "abstract", "level"),
    [query for query in QUERIES if query[2] > Level.PATIENT],
    ids=lambda value: getattr(value, "name", str(value)[-5:]),
)
def test_one_gets_ones_own_and_the_others_is_as_absent(
    twins: Worlds, service: CommandField, abstract: str, level: Level
) -> None:
    for tenant in TENANTS:
        query = (service, abstract, level)
        theirs = HELD[OTHER[tenant]][0]
        own = _retrieved(twins, tenant, query, _named(HELD[tenant][0], level))
        crossing = _retrieved(twins, tenant, query, _named(theirs, level))
        absent = _retrieved(
            twins,
            tenant,
            query,
            {tag: uid.replace("1.2.", "1.3.77.") for tag, uid in _named(theirs, level).items()},
        )

        assert crossing == absent
        assert sum(map(len, own)) > sum(map(len, crossing))


def _named(one: Slice, level: Level) -> dict[int, str]:
    names = {Level.STUDY: one.study, Level.SERIES: one.series, Level.IMAGE: one.instance}
    return {UNIQUE_KEY[each]: uid for each, uid in names.items() if each <= level}


def _retrieved(
    twins: Worlds, tenant: TenantId, query: tuple[int, str, Level], keys: dict[int, str]
) -> tuple[list[object], list[tuple[str, bytes]]]:
    service, abstract, level = query
    destination = f"{title_of(tenant)}_PACS" if service == MOVE else ""
    keys = {**keys, QUERY_RETRIEVE_LEVEL: level.name}
    said = answers(twins.both, *callers(tenant)[0], Request(service, abstract, keys, destination))
    return said, twins.target.taken()


def test_nothing_moves_to_a_device_of_the_other(twins: Worlds) -> None:
    study = HELD[TENANTS[0]][0].study
    keys = {QUERY_RETRIEVE_LEVEL: "STUDY", UNIQUE_KEY[Level.STUDY]: study}
    calling, called = callers(TENANTS[0])[0]
    theirs, nobody = f"{title_of(TENANTS[1])}_PACS", "NONE_PACS"
    said = []
    for destination in (theirs, nobody):
        asked = Request(MOVE, sop.STUDY_ROOT_MOVE, keys, destination)
        said.append(str(answers(twins.both, calling, called, asked)).replace(destination, "?"))

    assert said[0] == said[1]
    assert str(0xA801) in said[0]
    assert twins.target.taken() == []


@pytest.mark.parametrize("examples", EXAMPLES)
def test_storing_is_as_if_the_other_were_not_there(own_twins: Worlds, examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(st.data(), st.sampled_from(TENANTS))
    def same(data: st.DataObject, tenant: TenantId) -> None:
        calling, called = data.draw(st.sampled_from(callers(tenant)))
        asked = Request(STORE, CT.value, stores=data.draw(to_store(tenant)))

        crowded = answers(own_twins.both, calling, called, asked)

        assert crowded == answers(own_twins.alone[tenant], calling, called, asked)
        other = OTHER[tenant]
        assert own_twins.view(own_twins.both, other) == own_twins.view(
            own_twins.alone[other], other
        )

    same()
    for tenant in TENANTS:
        assert own_twins.view(own_twins.both, tenant) == own_twins.view(
            own_twins.alone[tenant], tenant
        )


@st.composite
def transactions(draw: st.DrawFn, tenant: TenantId) -> Commitment:
    """Draw what a device asks to be committed: its own, the other's, nobody's, the wrong class."""
    known = [Uid(one.instance) for one in EVERYTHING] + [Uid("1.2.77.9")]
    one = st.builds(Reference, st.sampled_from([CT, Uid("1.2.840.77")]), st.sampled_from(known))
    return Commitment(
        key=replace(
            NEVER.key,
            tenant=tenant,
            transaction=Uid(f"1.2.77.{draw(st.integers(1, 3))}"),
        ),
        own=AETitle(title_of(tenant)),
        references=tuple(draw(st.lists(one, min_size=1, max_size=5))),
        asked_at=START,
        failed={},
    )


@pytest.mark.parametrize("examples", EXAMPLES)
def test_committing_is_as_if_the_other_were_not_there(own_twins: Worlds, examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(st.data(), st.sampled_from(TENANTS))
    def same(data: st.DataObject, tenant: TenantId) -> None:
        calling, called = data.draw(st.sampled_from(callers(tenant)))
        commitment = data.draw(transactions(tenant))
        asked = Request(COMMIT, sop.STORAGE_COMMITMENT, commitment=commitment)

        crowded = answers(own_twins.both, calling, called, asked)
        decided = own_twins.both.decide(tenant)

        assert crowded == answers(own_twins.alone[tenant], calling, called, asked)
        assert decided == own_twins.alone[tenant].decide(tenant)
        assert not own_twins.both.decide(OTHER[tenant])

    same()


def test_ones_own_is_committed_and_the_others_is_as_absent(own_twins: Worlds) -> None:
    for number, tenant in enumerate(TENANTS):
        own, theirs = (Uid(HELD[t][0].instance) for t in (tenant, OTHER[tenant]))
        commitment = replace(
            NEVER,
            key=replace(NEVER.key, transaction=Uid(f"1.2.78.{number}")),
            references=(Reference(CT, own), Reference(CT, theirs)),
        )
        asked = Request(COMMIT, sop.STORAGE_COMMITMENT, commitment=commitment)

        answers(own_twins.both, *callers(tenant)[0], asked)
        ((_, _, failed),) = own_twins.both.decide(tenant)

        assert failed == {theirs: FailureReason.NO_SUCH_OBJECT_INSTANCE}


def test_no_report_of_the_others_device_decides_ones_own_transaction(own_twins: Worlds) -> None:
    west, east = TENANTS
    own_twins.both.commitments.ask(NEVER)
    report = Request(REPORT, sop.STORAGE_COMMITMENT)

    crossing = answers(own_twins.both, "CT", title_of(east), report)  # both have a device CT
    undecided = own_twins.both.commitments.commitment(NEVER.key)
    answers(own_twins.both, "CT", title_of(west), report)
    decided = own_twins.both.commitments.commitment(NEVER.key)

    assert str(0x0112) in str(crossing)
    assert undecided is not None
    assert undecided.decided_at is None
    assert decided is not None
    assert decided.decided_at is not None
    assert decided.committed == NEVER.references


@pytest.mark.parametrize("service", [*SERVICES, ECHO], ids=lambda field: CommandField(field).name)
def test_a_device_of_one_is_a_stranger_to_the_other(twins: Worlds, service: int) -> None:
    abstract = min(DRIVEN.get(service, {sop.VERIFICATION}))
    keys = None if service == ECHO else {QUERY_RETRIEVE_LEVEL: "STUDY"}
    stores = [HELD[TENANTS[0]][0]] if service == STORE else []
    asked = Request(service, abstract, keys, stores=stores)
    for tenant in TENANTS:
        mine, theirs = title_of(tenant), title_of(OTHER[tenant])
        before = len(twins.both.audit.entries)

        crossing = answers(twins.both, f"{mine}_MR", theirs, asked)
        stranger = answers(twins.both, "NOBODY", theirs, asked)
        welcome = answers(twins.both, f"{mine}_MR", mine, asked)

        assert len(crossing) == 1
        assert crossing == stranger
        assert "reject" in str(crossing[0])
        assert not isinstance(welcome[0], str)
        entries = twins.both.audit.entries[before:]
        assert {entry.tenant for entry in entries} <= {tenant}
        assert all(entry.action in Action for entry in entries)
