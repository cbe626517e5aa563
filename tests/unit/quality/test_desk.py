"""The bin and corrections: each decision comes off again, byte for byte, in any order taken."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pydicom
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.unit.quality.bench import PERSON, STRANGER, bench_of, decided
from tests.unit.storage.conftest import make_image

from archipel.archive.model import Query, StudyKey
from archipel.archive.quality import desk
from archipel.archive.quality.bin import reject, restore, restore_resent
from archipel.archive.quality.correction import Kind, State
from archipel.archive.quality.desk import Wanted
from archipel.archive.quality.model import Reason
from archipel.kernel.errors import Conflict, Malformed, NotFound, Unavailable
from archipel.kernel.hierarchy import Level
from archipel.kernel.uid import Uid
from archipel.standards.dicom.part10 import meta
from archipel.testing.storage_node import TENANT, StorageNode

ONE, TWO = "2.25.100", "2.25.200"
NAME, PATIENT_ID, DESCRIPTION = 0x00100010, 0x00100020, 0x00081030


def fill(node: StorageNode) -> None:
    """Hold two studies: one of two series, one of one."""
    pixels = np.arange(64, dtype="<u2").reshape(8, 8)
    for number, study, series in ((1, ONE, "1"), (2, ONE, "1"), (3, ONE, "2"), (4, TWO, "3")):
        node.receive(
            make_image(
                pixels + number,
                number=number,
                StudyInstanceUID=study,
                SeriesInstanceUID=f"{study}.{series}",
                Modality="CT",
                PatientID=f"TEST-{study[-3:]}",
                StudyDescription="TEST-Thorax",
            )
        )
    node.catch_up()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[StorageNode]:
    opened = StorageNode(tmp_path)
    opened.replay()
    fill(opened)
    yield opened
    opened.close()


def view(node: StorageNode) -> list[object]:
    """Say all that somebody sees: every answer of every level, and every byte."""
    query = Query(matching={}, wanted=frozenset({0x00080061, 0x00201206, 0x00201208}))
    said = [
        sorted(
            sorted(match.attributes.items())
            for match in node.catalogue.find(level, query, scope=PERSON)
        )
        for level in Level
    ]
    held = [
        one
        for study in {match[0] for match in _studies(node)}
        for one in node.catalogue.instances(scope=PERSON, study=study)
    ]
    return [said, sorted((str(one.key), node.contents.dataset(one)) for one in held)]


def _studies(node: StorageNode) -> list[tuple[Uid, str]]:
    found = node.catalogue.find(Level.STUDY, Query(matching={}), scope=PERSON)
    return [(Uid(one.attributes[0x0020000D]), one.attributes.get(NAME, "")) for one in found]


def corrected(node: StorageNode, wanted: Wanted) -> str:
    node.later(timedelta(seconds=1))
    bench = bench_of(node)
    one = desk.ask(wanted, scope=PERSON, bench=bench, now=node.now)
    desk.do(one, scope=PERSON, bench=bench, contents=node.contents, now=node.now)
    return one.name


def undone(node: StorageNode, name: str) -> None:
    node.later(timedelta(seconds=1))
    bench = bench_of(node)
    desk.ask_undo(name, scope=PERSON, bench=bench, now=node.now)
    one = bench.studies.correction(name, scope=PERSON)
    desk.undo(one, scope=PERSON, bench=bench, now=node.now)


def wanted(kind: Kind, study: str, *series: str, target: str = "", **texts: str) -> Wanted:
    return Wanted(
        kind=kind,
        decision=decided(study, *series),
        login="tess",
        target=Uid(target) if target else None,
        texts={int(tag[1:], 16): text for tag, text in texts.items()},
    )


def test_a_corrected_study_says_what_it_was(node) -> None:
    corrected(node, wanted(Kind.CORRECT, ONE, t00100010="TEST-Łukasz^Ewa", t00100020="TEST-7"))

    (study,) = [uid for uid, name in _studies(node) if name == "TEST-Łukasz^Ewa"]
    assert study != Uid(ONE)
    assert node.catalogue.instances(scope=PERSON, study=Uid(ONE)) == []
    copies = node.catalogue.instances(scope=PERSON, study=study)
    assert len(copies) == 3
    for held in copies:
        said = pydicom.dcmread(_file(node, held), force=True)
        (told,) = said.OriginalAttributesSequence
        (before,) = told.ModifiedAttributesSequence
        assert (said.PatientName, before.PatientName) == ("TEST-Łukasz^Ewa", "TEST-Zoé^Éva")
        assert (said.PatientID, before.PatientID) == ("TEST-7", "TEST-100")
        assert before.StudyInstanceUID == ONE
        assert before.SOPInstanceUID != said.SOPInstanceUID
        assert told.ReasonForTheAttributeModification == "CORRECT"
        assert said.PixelData[:2] in {bytes([n, 0]) for n in (1, 2, 3)}


def _file(node, held):
    """Write a Part 10 file that pydicom reads."""
    path = node.home / "one.dcm"
    head = meta(
        sop_class=held.sop_class,
        sop_instance=held.key.sop_instance,
        transfer_syntax=held.transfer_syntax,
    )
    path.write_bytes(head + node.contents.dataset(held))
    return path


def test_a_moved_series_says_what_its_new_study_says(node) -> None:
    corrected(node, wanted(Kind.MOVE, ONE, f"{ONE}.2", target=TWO))

    moved = node.catalogue.find(Level.SERIES, Query(matching={0x0020000D: TWO}), scope=PERSON)
    assert len(moved) == 2
    assert {one.attributes[PATIENT_ID] for one in moved} == {"TEST-200"}
    assert len(node.catalogue.instances(scope=PERSON, study=Uid(ONE))) == 2


def test_what_is_interrupted_and_done_again_makes_the_same(node) -> None:
    bench = bench_of(node)
    one = desk.ask(wanted(Kind.MERGE, ONE, target=TWO), scope=PERSON, bench=bench, now=node.now)
    kept, store = [], bench.deposit.store

    def breaks(files, **more):
        kept.append(next(iter(files)))
        store(kept[-1:], **more)
        raise Unavailable("the disk is away")

    bench.deposit.store = breaks
    with pytest.raises(Unavailable):
        desk.do(one, scope=PERSON, bench=bench, contents=node.contents, now=node.now)
    assert len(node.catalogue.instances(scope=PERSON, study=Uid(ONE))) == 3
    bench.deposit.store = store

    desk.do(one, scope=PERSON, bench=bench, contents=node.contents, now=node.now)

    assert len(node.catalogue.instances(scope=PERSON, study=Uid(TWO))) == 4
    assert bench.studies.correction(one.name, scope=PERSON).state is State.DONE


def test_what_was_built_upon_is_undone_last(node) -> None:
    first = corrected(node, wanted(Kind.MOVE, ONE, f"{ONE}.2", target=TWO))
    second = corrected(node, wanted(Kind.CORRECT, TWO, t00081030="TEST-Pelvis"))

    with pytest.raises(Conflict):
        undone(node, first)

    undone(node, second)
    undone(node, first)


def test_only_the_owner_decides_and_says_why(node) -> None:
    bench = bench_of(node)
    with pytest.raises(NotFound):
        reject(decided(ONE), Reason.SAFETY, scope=STRANGER, bench=bench, now=node.now)
    with pytest.raises(Malformed):
        reject(decided(ONE, why=" "), Reason.SAFETY, scope=PERSON, bench=bench, now=node.now)
    assert bench.audit.entries == []


def test_the_bin_lists_what_stands_and_gives_it_back_once(node) -> None:
    bench = bench_of(node)
    note = reject(decided(ONE), Reason.SAFETY, scope=PERSON, bench=bench, now=node.now)

    (listed,) = bench.studies.rejected(scope=PERSON, limit=10)
    assert (listed.note, listed.instances, listed.whole_study) == (note, 3, True)
    assert (listed.why, listed.by) == ("TEST-Motif", "TEST Tess")
    assert bench.studies.rejected(scope=STRANGER, limit=10) == []

    restore(decided(ONE), note, scope=PERSON, bench=bench, now=node.now)

    assert bench.studies.rejected(scope=PERSON, limit=10) == []
    with pytest.raises(NotFound):
        restore(decided(ONE), note, scope=PERSON, bench=bench, now=node.now)


STEPS = st.lists(st.tuples(st.sampled_from(["reject", *Kind]), st.integers(0, 5)), max_size=3)


@settings(max_examples=3, deadline=None, phases=[Phase.generate])
@given(steps=STEPS)
def test_whatever_was_decided_comes_off_again(steps: list[tuple[object, int]]) -> None:
    decided_and_undone(steps)


@pytest.mark.long
@settings(max_examples=60, deadline=None, phases=[Phase.generate])
@given(steps=STEPS)
def test_whatever_was_decided_comes_off_again_at_length(steps: list[tuple[object, int]]) -> None:
    decided_and_undone(steps)


def decided_and_undone(steps: list[tuple[object, int]]) -> None:
    with TemporaryDirectory() as folder:
        node = StorageNode(Path(folder))
        node.replay()
        fill(node)
        before = view(node)
        taken = [one for step in steps if (one := _step(node, *step)) is not None]
        for one in reversed(taken):
            one()
        assert view(node) == before
        node.close()


def _step(node: StorageNode, kind: object, choice: int):
    """Decide something that makes sense now; return how it is undone."""
    studies = sorted(uid.value for uid, _name in _studies(node))
    if not studies:
        return None
    study = studies[choice % len(studies)]
    bench = bench_of(node)
    node.later(timedelta(seconds=1))
    if kind == "reject":
        reason = list(Reason)[choice % len(Reason)]
        note = reject(decided(study), reason, scope=PERSON, bench=bench, now=node.now)

        def back() -> None:
            node.later(timedelta(seconds=1))
            restore(decided(study), note, scope=PERSON, bench=bench, now=node.now)

        return back
    held = node.catalogue.instances(scope=PERSON, study=Uid(study))
    series = [] if kind in {Kind.CORRECT, Kind.MERGE} else [held[0].key.series.value]
    others = [one for one in studies if one != study]
    target = others[0] if others and kind in {Kind.MOVE, Kind.MERGE} else ""
    texts = {"t00081030": f"TEST-{choice}"} if kind in {Kind.CORRECT, Kind.SPLIT} else {}
    try:
        name = corrected(node, wanted(kind, study, *series, target=target, **texts))
    except (Conflict, Malformed):
        return None
    return lambda: undone(node, name)


def test_a_correction_survives_an_index_made_again(node, tmp_path) -> None:
    corrected(node, wanted(Kind.MOVE, ONE, f"{ONE}.2", target=TWO))
    before = view(node)
    node.close()
    for gone in tmp_path.glob("index.db*"):
        gone.unlink()
    again = StorageNode(tmp_path)
    again.replay()

    assert view(again) == before
    bench = bench_of(again)
    (listed,) = bench.studies.rejected(scope=PERSON, limit=10)
    assert listed.key == StudyKey(TENANT, Uid(ONE))
    again.close()


def test_what_retention_gave_up_comes_back_when_it_is_sent_again(node) -> None:
    bench = bench_of(node)
    note = reject(decided(ONE), Reason.EXPIRED, scope=PERSON, bench=bench, now=node.now)
    assert node.catalogue.instances(scope=PERSON, study=Uid(ONE)) == []
    resent = [Uid("2.25.1")]

    for _ in range(2):  # a fact may be told twice
        node.later(timedelta(seconds=1))
        restore_resent(StudyKey(TENANT, Uid(ONE)), resent, scope=PERSON, bench=bench, now=node.now)

    found = node.catalogue.instances(scope=PERSON, study=Uid(ONE))
    assert [one.key.sop_instance for one in found] == resent
    (listed,) = bench.studies.rejected(scope=PERSON, limit=10)
    assert (listed.note, listed.instances) == (note, 2)
