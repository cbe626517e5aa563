"""How long exams are kept: rules are data of an organisation, and nothing goes without one.

Of all rules that an exam falls under, the one that keeps it longest counts. No law is written
here: which rules an organisation has, its director decides (`presets/` holds drafts of them).
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from enum import Enum
from importlib.resources import files
from typing import Any

from archipel.archive.model import StudyKey
from archipel.kernel.errors import Malformed, NotFound

PRESETS = ("france-establishment", "france-practice")
_MOST_YEARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. Raises `Malformed` for numbers that cannot be.

    An exam is kept `years` after the patient's last contact with the organisation, and until the
    patient is `until_age`; but where the patient died within `death_within` years of that
    contact, for `death_years` from the death instead. `modalities` and `younger_than` (years at
    the exam) say which exams fall under it: empty and 0 all do. With `copy_elsewhere` nothing goes
    before another node has shown that it holds every byte.
    """

    name: str
    years: int
    until_age: int = 0
    death_within: int = 0
    death_years: int = 0
    modalities: frozenset[str] = frozenset()
    younger_than: int = 0
    copy_elsewhere: bool = False
    why: str = ""  # the text it rests on, for whoever approves

    def __post_init__(self) -> None:
        numbers = {f.name: getattr(self, f.name) for f in fields(self) if f.type is int}
        wrong = [name for name, value in numbers.items() if not 0 <= value <= _MOST_YEARS]
        if wrong or not self.name or len(self.name) > 64:  # noqa: PLR2004  (a column's width)
            raise Malformed(f"retention rule {self.name[:64]!r}: {', '.join(wrong) or 'no name'}")
        if not self.years:
            raise Malformed(f"retention rule {self.name!r}: years must be 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """What decides on one exam. Dates are those of the calendar; None: not known."""

    key: StudyKey
    studied_on: date
    last_contact: date  # the latest that is known of the patient in this organisation
    born_on: date | None
    died_on: date | None
    modalities: frozenset[str]
    size_bytes: int
    instances: int
    ours: bool = True  # no copy of another node's exam: its home decides
    complete: bool = True  # complete and sealed
    held: bool = False  # a legal hold lies on the exam or on its patient
    asked: bool = False  # an open request, or a reading under way
    doubtful: bool = False  # other bytes under a UID of it lie in quarantine
    damaged: bool = False  # some of it is damaged: what it was cannot be shown any more
    copied: bool = False  # another node has shown that it holds every byte


class Bar(Enum):
    """Why an exam stays whatever its date says."""

    NO_RULE = "no-rule"  # nobody decided how long: for ever
    NOT_YET = "not-yet"
    BIRTH_UNKNOWN = "birth-unknown"  # its rule asks for the patient's age
    HELD = "held"
    ASKED = "asked"
    DOUBTFUL = "doubtful"
    INCOMPLETE = "incomplete"
    DAMAGED = "damaged"
    NO_COPY = "no-copy"
    ELSEWHERE = "elsewhere"  # it is at home on another node


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the rules say of one exam. It may go when no bar is left."""

    exam: Exam
    rule: Rule | None  # the one that keeps longest
    until: date | None  # the last day it is kept; None: no such day is known
    bars: frozenset[Bar]

    @property
    def may_go(self) -> bool:
        """Tell whether nothing keeps it."""
        return not self.bars


def judge(exam: Exam, rules: Sequence[Rule], *, today: date) -> Verdict:
    """Say until when an exam is kept, by which rule, and what else keeps it."""
    bars = {
        bar
        for bar, keeps in (
            (Bar.HELD, exam.held),
            (Bar.ASKED, exam.asked),
            (Bar.DOUBTFUL, exam.doubtful),
            (Bar.INCOMPLETE, not exam.complete),
            (Bar.DAMAGED, exam.damaged),
            (Bar.ELSEWHERE, not exam.ours),
        )
        if keeps
    }
    ending = [(rule, _until(exam, rule)) for rule in rules if _falls_under(exam, rule)]
    if any(rule.copy_elsewhere for rule, _until_day in ending) and not exam.copied:
        bars.add(Bar.NO_COPY)
    if not ending:
        return _verdict(exam, None, None, bars | {Bar.NO_RULE})
    open_ended = next((rule for rule, until in ending if until is None), None)
    if open_ended is not None:
        return _verdict(exam, open_ended, None, bars | {Bar.BIRTH_UNKNOWN})
    rule, until = max(ending, key=lambda one: (one[1] or date.max, one[0].name))
    if until is not None and today <= until:
        bars.add(Bar.NOT_YET)
    return _verdict(exam, rule, until, bars)


def shortest_years(rules: Sequence[Rule]) -> int | None:
    """Give the fewest years that any rule keeps: nothing younger need be looked at."""
    return min((_least(rule) for rule in rules), default=None)


def years_after(day: date, years: int) -> date:
    """Count calendar years; the 29th of February becomes the 1st of March."""
    year = min(day.year + years, date.max.year)
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def parse(text: str) -> tuple[Rule, ...]:
    """Read rules as TOML: a table `[[rule]]` each. Raises `Malformed` and names what is wrong."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Malformed(f"retention rules: {error}") from error
    if set(tree) != {"rule"} or not isinstance(tree["rule"], list):
        raise Malformed("retention rules are tables [[rule]] and nothing else")
    rules = tuple(rule_of(one) for one in tree["rule"])
    if len({one.name for one in rules}) != len(rules):
        raise Malformed("two retention rules have the same name")
    return rules


def rule_of(said: Mapping[str, Any]) -> Rule:
    """Read one rule. Raises `Malformed`."""
    known = {f.name: f.type for f in fields(Rule)}
    if unknown := set(said) - set(known):
        raise Malformed(f"no such word in a retention rule: {', '.join(sorted(unknown))}")
    values: dict[str, Any] = dict(said)
    listed = values.get("modalities", [])
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise Malformed("modalities of a retention rule are a list of words, such as ['MG']")
    values["modalities"] = frozenset(listed)
    for name, kind in ((n, k) for n, k in known.items() if n in values and n != "modalities"):
        if type(values[name]) is not kind:
            raise Malformed(f"{name} of a retention rule is no {getattr(kind, '__name__', kind)}")
    if not {"name", "years"} <= set(values):
        raise Malformed("a retention rule has a name and years")
    return Rule(**values)


def written(rule: Rule) -> dict[str, Any]:
    """Write a rule as `rule_of` reads it, without what is as usual."""
    said = {f.name: getattr(rule, f.name) for f in fields(rule)}
    said["modalities"] = sorted(rule.modalities)
    return {name: value for name, value in said.items() if value not in (0, "", False, [])}


def preset(name: str) -> str:
    """Give the text of a draft. Raises `NotFound`."""
    if name not in PRESETS:
        raise NotFound(f"no such draft: {name}; there are {', '.join(PRESETS)}")
    return (files("archipel.archive.keeping") / "presets" / f"{name}.toml").read_text("utf-8")


def _falls_under(exam: Exam, rule: Rule) -> bool:
    if rule.modalities and not rule.modalities & exam.modalities:
        return False
    if rule.younger_than and exam.born_on is not None:
        return exam.studied_on < years_after(exam.born_on, rule.younger_than)
    return True  # whose age is not known may be that young


def _until(exam: Exam, rule: Rule) -> date | None:
    """Give the last day that a rule keeps an exam; None where it cannot be told."""
    contact = max(exam.last_contact, exam.studied_on)
    died = exam.died_on
    if died is not None and rule.death_years and died <= years_after(contact, rule.death_within):
        return years_after(max(died, contact), rule.death_years)
    until = years_after(contact, rule.years)
    if not rule.until_age:
        return until
    if exam.born_on is None:
        return None
    return max(until, years_after(exam.born_on, rule.until_age))


def _least(rule: Rule) -> int:
    return min(rule.years, rule.death_years) if rule.death_years else rule.years


def _verdict(exam: Exam, rule: Rule | None, until: date | None, bars: set[Bar]) -> Verdict:
    return Verdict(exam=exam, rule=rule, until=until, bars=frozenset(bars))
