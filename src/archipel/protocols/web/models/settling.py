"""What is to be settled: instances that came twice, studies that say two things or name nobody."""

from typing import Literal

from pydantic import Field

from archipel.protocols.web.models.base import Body, View
from archipel.protocols.web.models.exam import ExamRow, StudyDifference
from archipel.protocols.web.models.node import QuarantinedInstance


class AttributeDifference(View):
    """One attribute, as each of two data sets says it; null where it is absent."""

    tag: str
    keyword: str
    held: str | None
    offered: str | None


class Comparison(View):
    """Where the second differs from the first."""

    held: bool = Field(description="Whether anything is held under the same UID.")
    compared: bool = Field(description="False: not readable, or too long to compare.")
    attributes: list[AttributeDifference]
    pixels: bool = Field(description="Whether the pixel data differ.")


class DifferenceOfExam(View):
    """A difference and the exam it is in."""

    difference: StudyDifference
    row: ExamRow


class ToSettle(View):
    """All that waits for a decision, latest first, each list up to its bound."""

    quarantined: list[QuarantinedInstance]
    differences: list[DifferenceOfExam]
    unidentified: list[ExamRow]
    more: bool = Field(description="There is more of something than the lists show.")


class DifferenceDecision(Body):
    """Which value stands; `undo` takes the decision back."""

    tag: str = Field(pattern=r"^[0-9A-F]{8}$")
    offered: str = Field(max_length=20000)
    decision: Literal["held", "offered", "undo"]


class SecondDecision(Body):
    """What becomes of the second: it is never given out (ADR 0095)."""

    decision: Literal["keep_first", "undo", "discard"]
    reason: str = Field(default="", max_length=200)
