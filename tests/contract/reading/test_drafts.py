"""Report drafts: saved over the version that was read, never over another's."""

from dataclasses import replace
from datetime import timedelta
from math import inf, nan

import pytest

from archipel.access.model import Action
from archipel.kernel.errors import Malformed, NotFound
from archipel.kernel.uid import Uid
from archipel.reading.errors import DraftOutdated
from archipel.reading.model import (
    LOINC,
    Content,
    KeyImage,
    Measurement,
    Section,
    SectionCode,
    Text,
    Window,
)
from archipel.reading.report import Desk, read, read_version, save, versions
from archipel.reading.templates import TEMPLATES

NODULE = Measurement(
    id="2.25.1",
    label="Nodule LSD",
    value=8.25,
    unit="mm",
    study=Uid("1.2.3"),
    series=Uid("1.2.3.4"),
    sop_instance=Uid("1.2.3.4.5"),
    frame=1,
)


def image(**changed):
    whose = {"study": Uid("1.2.3"), "series": Uid("1.2.3.4"), "sop_instance": Uid("1.2.3.4.5")}
    return KeyImage(**whose, **changed)


def findings(*blocks):
    return Content(sections=(Section(code=SectionCode.FINDINGS, blocks=blocks),))


@pytest.fixture
def desk(room, north, audit):
    return Desk(exams=room.exams, drafts=room.drafts, audit=audit, scope=north)


@pytest.fixture
def this(room, exam):
    one = exam()
    room.given(one)
    return one.id


def test_what_is_saved_is_read_back_whole(this, desk, reader, now):
    text = findings(Text(text="Nodule de "), NODULE, Text(text=" à gauche.\n«ß»"))
    marked = (image(), image(frame=3, window=Window(center=-600.0, width=1500.0)))
    written = replace(text, template="ct-thorax-fr", key_images=marked)

    saved = save(this, written, over=0, reader=reader, desk=desk, now=now)

    assert read(this, desk=desk, now=now) == saved
    assert (saved.sections, saved.key_images) == (written.sections, marked)
    assert (saved.head.version, saved.head.author, saved.template) == (1, reader, "ct-thorax-fr")


def test_nothing_written_is_nothing_read(this, desk, now):
    assert read(this, desk=desk, now=now) is None
    assert list(versions(this, desk=desk, now=now)) == []


def test_saving_over_an_older_version_is_refused_with_what_stands(this, desk, reader, other, now):
    save(this, findings(Text(text="mine")), over=0, reader=reader, desk=desk, now=now)

    with pytest.raises(DraftOutdated) as refused:
        save(this, findings(Text(text="theirs")), over=0, reader=other, desk=desk, now=now)

    assert refused.value.held is not None
    assert refused.value.held.sections == findings(Text(text="mine")).sections
    assert read(this, desk=desk, now=now) == refused.value.held


def test_a_version_that_never_was_is_refused(this, desk, reader, now):
    with pytest.raises(DraftOutdated) as refused:
        save(this, findings(), over=3, reader=reader, desk=desk, now=now)

    assert refused.value.held is None


def test_of_one_authors_five_minutes_only_the_last_version_is_kept(this, desk, reader, now):
    for number in range(4):
        at = now + timedelta(minutes=2 * number)  # 12:00 12:02 12:04 | 12:06
        text = findings(Text(text=str(number)))
        save(this, text, over=number, reader=reader, desk=desk, now=at)

    kept = [head.version for head in versions(this, desk=desk, now=now)]

    assert kept == [4, 3]
    assert read_version(this, 3, desk=desk, now=now).sections == findings(Text(text="2")).sections
    with pytest.raises(NotFound):
        read_version(this, 1, desk=desk, now=now)


def test_another_authors_version_is_kept_whatever_the_time(this, desk, reader, other, now):
    save(this, findings(Text(text="a")), over=0, reader=reader, desk=desk, now=now)
    save(this, findings(Text(text="b")), over=1, reader=other, desk=desk, now=now)

    assert [h.author for h in versions(this, desk=desk, now=now)] == [other, reader]


def test_reading_and_writing_are_audited_without_the_text(this, desk, audit, reader, now):
    save(this, findings(Text(text="TEST-BALISIER")), over=0, reader=reader, desk=desk, now=now)
    read(this, desk=desk, now=now)

    rows = [row.entry for row in audit.rows]

    assert [row.action for row in rows] == [Action.REPORT, Action.READ]
    assert all("BALISIER" not in row.detail for row in rows)


def test_saving_is_told(this, room, desk, reader, now):
    start = room.changes.last_position()

    save(this, findings(), over=0, reader=reader, desk=desk, now=now)

    changes, _ = room.changes.after(start, limit=10)
    assert [(c.exam, c.kind) for c in changes] == [(this, "reading.DraftSaved")]


def test_nobody_reads_or_writes_out_of_scope(this, room, audit, south, north, reader, now):
    inside = Desk(exams=room.exams, drafts=room.drafts, audit=audit, scope=north)
    save(this, findings(), over=0, reader=reader, desk=inside, now=now)
    desk = Desk(exams=room.exams, drafts=room.drafts, audit=audit, scope=south)

    for attempt in (
        lambda: read(this, desk=desk, now=now),
        lambda: versions(this, desk=desk, now=now),
        lambda: read_version(this, 1, desk=desk, now=now),
        lambda: save(this, findings(), over=1, reader=reader, desk=desk, now=now),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_a_section_stands_once():
    with pytest.raises(Malformed):
        Content(sections=findings().sections * 2)


def test_a_frame_is_a_key_image_once_whatever_its_window():
    lung = Window(center=-600.0, width=1500.0)

    with pytest.raises(Malformed):
        Content(sections=(), key_images=(image(), image(window=lung)))


@pytest.mark.parametrize(
    ("center", "width"), [(40.0, 0.0), (40.0, -1.0), (inf, 400.0), (0.0, nan)]
)
def test_a_window_has_finite_figures_and_a_width(center, width):
    with pytest.raises(Malformed):
        Window(center=center, width=width)


def test_frames_count_from_one():
    with pytest.raises(Malformed):
        image(frame=0)


def test_every_section_has_its_loinc_code():
    assert set(LOINC) == set(SectionCode)
    assert len({code for code, _ in LOINC.values()}) == len(SectionCode)


def test_templates_exist_in_each_language_and_state_no_finding():
    by_language = {
        lang: [t for t in TEMPLATES if t.language == lang] for lang in ("fr", "en", "es")
    }

    assert len({len(found) for found in by_language.values()}) == 1
    assert len({t.key for t in TEMPLATES}) == len(TEMPLATES)
    for template in TEMPLATES:
        for section in template.sections:
            assert all("[ ]" in b.text for b in section.blocks if isinstance(b, Text))
