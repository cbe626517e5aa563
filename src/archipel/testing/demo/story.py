"""The story that is played: an exam of Guyane, a cut line, a reader in Martinique."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from archipel.kernel.clock import utc_now
from archipel.kernel.errors import ArchipelError
from archipel.testing.demo.fleet import Fleet
from archipel.testing.modality import send
from archipel.testing.phantoms.exams import plans


@dataclass
class Step:
    """One step: what the page says of it."""

    title: str
    play: Callable[[], None]
    state: str = "waiting"
    detail: str = ""
    url: str = ""


@dataclass
class Story:
    """Plays the steps in a thread of its own, one after the other."""

    fleet: Fleet
    console: Console
    steps: bool = False
    _ended: threading.Event = field(default_factory=threading.Event)
    _next: threading.Event = field(default_factory=threading.Event)
    _waits: bool = False

    def __post_init__(self) -> None:
        self._told = [Step("Un scanner est fait à Cayenne (C-STORE)", self._scan)]

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._play, daemon=True, name="story")
        self._thread.start()

    def go_on(self) -> None:
        """Let the next step begin."""
        self._next.set()

    def end(self) -> None:
        """Stop where it is."""
        self._ended.set()
        self._next.set()

    def state(self) -> dict[str, Any]:
        """Return what the start page shows."""
        told = [
            {"title": one.title, "state": one.state, "detail": one.detail, "url": one.url}
            for one in self._told
        ]
        return {"story": told, "waits": self._waits}

    def _play(self) -> None:
        for step in self._told:
            if self.steps:
                self._waits = True
                self._next.wait()
                self._next.clear()
                self._waits = False
            if self._ended.is_set():
                return
            step.state = "now"
            try:
                step.play()
            except ArchipelError as error:
                step.state, step.detail = "failed", str(error)
                self.console.print(f"  {step.title}: {error}")
                return
            step.state = "done"
            self.console.print(f"  {step.title}. {step.detail}")

    def _scan(self) -> None:
        day = {plan.name: plan for plan in plans(utc_now(), run="story")}
        for _ in send(day["thorax"], self.fleet["gf"].scanner(), quick=True):
            pass
