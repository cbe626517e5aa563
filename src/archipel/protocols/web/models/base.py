"""The common shapes: strict bodies, problems (RFC 9457), keyset cursors."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Urgency = Literal["stat", "urgent", "inpatient", "routine"]
"""How soon an exam must be read."""


class Body(BaseModel):
    """What a client sends: unknown fields are refused, so that a typing error is seen."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class View(BaseModel):
    """What a client is told. Fields may be added in time, never renamed."""

    model_config = ConfigDict(from_attributes=True)


class Problem(View):
    """Why it did not work (RFC 9457, application/problem+json)."""

    type: str = Field(description="A stable word for the kind, as a relative reference.")
    title: str
    status: int
    detail: str
    reference: str = Field(description="Names this failure in the log of the node.")
    retryable: bool = False
