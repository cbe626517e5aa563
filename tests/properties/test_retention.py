"""Laws of retention: nothing goes too early, whatever the rules, the dates and the order."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archipel.archive.keeping.retention import (
    PRESETS,
    Bar,
    Exam,
    Rule,
    judge,
    parse,
    preset,
    rule_of,
    written,
    years_after,
)
from archipel.archive.model import StudyKey
from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid

KEY = StudyKey(TenantId("chu"), Uid("2.25.1"))
days = st.dates(date(1920, 1, 1), date(2090, 12, 31))
modalities = st.frozensets(st.sampled_from(["CT", "MR", "MG", "SR"]), max_size=2)
rules = st.builds(
    Rule,
    name=st.text("abcdef", min_size=1, max_size=6),
    years=st.integers(1, 40),
    until_age=st.sampled_from([0, 18, 28]),
    death_within=st.sampled_from([0, 10]),
    death_years=st.sampled_from([0, 10]),
    modalities=modalities,
    younger_than=st.sampled_from([0, 16]),
    copy_elsewhere=st.booleans(),
)
some_rules = st.lists(rules, max_size=4, unique_by=lambda rule: rule.name)


@st.composite
def exams(draw: st.DrawFn) -> Exam:
    studied = draw(days)
    return Exam(
        key=KEY,
        studied_on=studied,
        last_contact=studied + timedelta(draw(st.integers(0, 9000))),
        born_on=draw(st.none() | days),
        died_on=draw(st.none() | days),
        modalities=draw(modalities),
        size_bytes=1,
        instances=1,
        **{
            name: draw(st.booleans())
            for name in ("ours", "complete", "held", "asked", "doubtful", "damaged", "copied")
        },
    )


@given(exams(), some_rules, days)
def test_nothing_goes_that_is_held_asked_for_damaged_or_not_ours(exam, known, today) -> None:
    verdict = judge(exam, known, today=today)
    if exam.held or exam.asked or exam.doubtful or exam.damaged:
        assert not verdict.may_go
    if not (exam.ours and exam.complete):
        assert not verdict.may_go


@given(exams(), days)
def test_without_a_rule_nothing_ever_goes(exam, today) -> None:
    assert Bar.NO_RULE in judge(exam, [], today=today).bars


@given(exams(), some_rules, rules, days)
def test_another_rule_never_lets_go_what_was_kept(exam, known, more, today) -> None:
    before = judge(exam, known, today=today)
    after = judge(exam, [*known, more], today=today)
    if before.rule is not None and not before.may_go:
        assert not after.may_go
    if before.until is not None and after.until is not None:
        assert after.until >= before.until


@given(exams(), some_rules, days)
def test_the_order_of_rules_says_nothing(exam, known, today) -> None:
    one, other = (judge(exam, some, today=today) for some in (known, known[::-1]))
    assert (one.until, one.bars) == (other.until, other.bars)


@given(exams(), some_rules, days, st.integers(0, 4000))
def test_what_may_go_may_go_later_too_and_what_is_kept_went_not_before(
    exam, known, today, later
) -> None:
    if judge(exam, known, today=today).may_go:
        assert judge(exam, known, today=today + timedelta(later)).may_go


@given(exams(), some_rules, days, st.integers(1, 4000))
def test_a_later_contact_never_shortens_unless_a_death_ends_it(exam, known, today, more) -> None:
    exam = replace(exam, died_on=None)
    later = replace(exam, last_contact=exam.last_contact + timedelta(more))
    one, other = (judge(some, known, today=today) for some in (exam, later))
    if one.until is not None and other.until is not None:
        assert other.until >= one.until


@given(exams(), some_rules, days)
def test_an_exam_is_kept_at_least_its_rules_years(exam, known, today) -> None:
    verdict = judge(exam, known, today=today)
    if verdict.may_go and verdict.rule is not None and exam.died_on is None:
        assert today > years_after(exam.last_contact, verdict.rule.years)
        if verdict.rule.until_age:
            assert exam.born_on is not None
            assert today > years_after(exam.born_on, verdict.rule.until_age)


@given(rules)
def test_a_rule_is_read_as_it_was_written(rule) -> None:
    assert rule_of(written(rule)) == rule


CASES = [  # CSP R1112-7, with the draft for an establishment
    ("grown", "1960-01-01", None, "2000-05-04", "2020-05-04"),
    ("a child keeps until 28", "1998-03-10", None, "2000-05-04", "2026-03-10"),
    ("a child for whom 20 years are longer", "1985-03-10", None, "2000-05-04", "2020-05-04"),
    ("died within ten years", "1960-01-01", "2004-06-01", "2000-05-04", "2014-06-01"),
    ("died later", "1960-01-01", "2015-06-01", "2000-05-04", "2020-05-04"),
    ("the 29th of February", "1960-01-01", None, "2004-02-29", "2024-02-29"),
]


@pytest.mark.parametrize(("name", "born", "died", "contact", "until"), CASES)
def test_the_draft_for_an_establishment_counts_as_the_code_says(
    name, born, died, contact, until
) -> None:
    exam = Exam(
        key=KEY,
        studied_on=date.fromisoformat(contact),
        last_contact=date.fromisoformat(contact),
        born_on=date.fromisoformat(born),
        died_on=date.fromisoformat(died) if died else None,
        modalities=frozenset({"CT"}),
        size_bytes=1,
        instances=1,
    )
    known = parse(preset("france-establishment"))
    last = date.fromisoformat(until)
    assert judge(exam, known, today=last).until == last, name
    assert judge(exam, known, today=last).bars == {Bar.NOT_YET}
    assert judge(exam, known, today=last + timedelta(1)).may_go


@pytest.mark.parametrize("name", PRESETS)
def test_every_draft_can_be_read(name: str) -> None:
    assert parse(preset(name))


@pytest.mark.parametrize(
    "text",
    [
        "[[rule]]\nname='a'\n",
        "[[rule]]\nname='a'\nyears=0\n",
        "[[rule]]\nname='a'\nyears='20'\n",
        "[[rule]]\nname='a'\nyears=true\n",
        "[[rule]]\nname='a'\nyears=20\nyeras=3\n",
        "[[rule]]\nname='a'\nyears=20\nmodalities='CT'\n",
        "[[rule]]\nname='a'\nyears=20\n[[rule]]\nname='a'\nyears=3\n",
        "rule=1\n",
        "[x]\n",
        "[[rule",
    ],
)
def test_a_mistake_in_a_rule_is_named(text: str) -> None:
    with pytest.raises(Malformed):
        parse(text)
