"""What is looked at before a report is signed: rules with names, each with an outcome.

A rule that blocks must be met; one that warns may be accepted by the signer, by name, and the
document keeps that it was. The rules look at words and facts that are here; they find no lesion.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from archipel.reading.laterality import sides
from archipel.reading.model import (
    Draft,
    Exam,
    Measurement,
    Purpose,
    SectionCode,
    SeriesSummary,
)

PLACEHOLDER = "[ ]"


class Rule(Enum):
    """The rules. Their values go to screens and into the document."""

    CLAIM = "claim"  # the lease is the signer's; else the version never stands by itself
    PREVIEW = "preview"  # seen since the last change
    CONCLUSION = "conclusion"  # not empty; for an addendum: its text
    FIELDS = "fields"  # no field of the template left to fill
    MEASUREMENTS = "measurements"  # none that was deleted on the images
    REASON = "reason"  # of a correction
    IDENTITY = "identity"  # the patient has a name, a birth date and a sex, and is no open case
    LATERALITY = "laterality"  # the conclusion's sides are those asked for and those found
    COMPARISON = "comparison"  # priors are here and the text says nothing of them
    IMPORTANT = "important"  # an important result: the referrer must be told by voice


class Outcome(Enum):
    """What a rule found."""

    MET = "met"
    WARNS = "warns"  # may be accepted
    BLOCKS = "blocks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One rule's outcome. `about` holds plain figures or words for the sentence on screen."""

    rule: Rule
    outcome: Outcome
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What the rules look at."""

    draft: Draft
    exam: Exam
    series: Sequence[SeriesSummary]
    preview_seen: int  # version whose preview the signer saw
    holds_claim: bool


def checks(looked: Looked) -> tuple[Check, ...]:
    """Apply every rule that concerns this kind of draft, in the order of a screen."""
    rules = _ALWAYS
    if looked.draft.purpose is Purpose.CORRECTION:
        rules += (_reason,)
    if looked.draft.purpose is not Purpose.ADDENDUM:
        rules += (_laterality, _comparison)
    return tuple(rule(looked) for rule in (*rules, _important))


def open_rules(found: Sequence[Check], *, accepted: frozenset[str]) -> tuple[str, ...]:
    """Name the rules that stand against signing."""
    return tuple(
        check.rule.value
        for check in found
        if check.outcome is Outcome.BLOCKS
        or (check.outcome is Outcome.WARNS and check.rule.value not in accepted)
    )


def _told(rule: Rule, met: bool, otherwise: Outcome, *about: str) -> Check:
    return Check(rule=rule, outcome=Outcome.MET if met else otherwise, about=about)


def _preview(looked: Looked) -> Check:
    seen = looked.preview_seen == looked.draft.head.version
    return _told(Rule.PREVIEW, seen, Outcome.BLOCKS)


def _claim(looked: Looked) -> Check:
    return _told(Rule.CLAIM, looked.holds_claim, Outcome.WARNS)


def _conclusion(looked: Looked) -> Check:
    adding = looked.draft.purpose is Purpose.ADDENDUM
    words = looked.draft.words(SectionCode.ADDENDUM if adding else SectionCode.CONCLUSION)
    return _told(Rule.CONCLUSION, bool(words.replace(PLACEHOLDER, "").strip()), Outcome.BLOCKS)


def _fields(looked: Looked) -> Check:
    left = sum(section.words.count(PLACEHOLDER) for section in looked.draft.sections)
    return _told(Rule.FIELDS, left == 0, Outcome.BLOCKS, str(left))


def _measurements(looked: Looked) -> Check:
    gone = [
        block.words
        for section in looked.draft.sections
        for block in section.blocks
        if isinstance(block, Measurement) and block.deleted
    ]
    return _told(Rule.MEASUREMENTS, not gone, Outcome.BLOCKS, *gone[:3])


def _reason(looked: Looked) -> Check:
    return _told(Rule.REASON, bool(looked.draft.reason.strip()), Outcome.BLOCKS)


def _identity(looked: Looked) -> Check:
    exam = looked.exam
    whole = bool(exam.patient_name.strip(" ^") and exam.birth_date and exam.sex)
    return _told(Rule.IDENTITY, whole and exam.person is not None, Outcome.WARNS)


def _laterality(looked: Looked) -> Check:
    concluded = sides(looked.draft.words(SectionCode.CONCLUSION))
    found = sides(looked.draft.words(SectionCode.FINDINGS))
    asked = sides(
        " ".join(
            (
                looked.exam.description,
                looked.exam.body_part,
                looked.draft.words(SectionCode.INDICATION),
                *(one.description for one in looked.series),
            )
        )
    )
    agrees = all(concluded <= spoken for spoken in (found, asked) if spoken)
    about = tuple(sorted(side.value for side in concluded))
    return _told(Rule.LATERALITY, not concluded or agrees, Outcome.WARNS, *about)


def _comparison(looked: Looked) -> Check:
    written = looked.draft.words(SectionCode.COMPARISON).replace(PLACEHOLDER, "").strip()
    priors = len(looked.exam.priors)
    return _told(Rule.COMPARISON, bool(written) or not priors, Outcome.WARNS, str(priors))


def _important(looked: Looked) -> Check:
    return _told(Rule.IMPORTANT, not looked.draft.important, Outcome.WARNS)


_ALWAYS: tuple[Callable[[Looked], Check], ...] = (
    _claim,
    _preview,
    _conclusion,
    _fields,
    _measurements,
    _identity,
)
