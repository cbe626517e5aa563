"""Facts of webhooks."""

from dataclasses import dataclass

from archipel.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class HookDue(Event):
    """Changes wait to be sent by a webhook. `run` tells this delivery from those of before."""

    webhook: str
    run: int
