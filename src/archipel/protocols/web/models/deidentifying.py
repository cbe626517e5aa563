"""Exams that name nobody: what is asked for."""

from typing import Literal

from pydantic import Field

from archipel.protocols.web.models.base import Body

OptionName = Literal[
    "pixels",
    "graphics",
    "structured-content",
    "descriptors",
    "full-dates",
    "modified-dates",
    "characteristics",
    "device",
    "uids",
    "safe-private",
    "institution",
]


class DeidentifyRequest(Body):
    """For which project, with which options of PS3.15 Annex E."""

    project: str = Field(
        min_length=1,
        max_length=64,
        pattern=r"^[\w .-]+$",
        description="Pseudonyms and shifted dates are the same within a project, in no other.",
    )
    options: list[OptionName] = Field(default=[], max_length=11)
    leave_out: bool = Field(
        default=False, description="Leave objects out that cannot be made to name nobody."
    )
