"""A real node in processes of its own, for demonstrations, journeys and benchmarks."""

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from archipel.kernel.errors import Unavailable

READY_TIMEOUT_S = 240.0
STOP_TIMEOUT_S = 60.0
_READY = re.compile(r"ready http=(\S+) dicom=([^:]+):(\d+)(?: peer=(\S+))?(?: hl7=(\S+))?")


@dataclass
class RunningNode:
    """`archipel serve` on ports of the system's choice; a context manager."""

    home: Path
    http_bind: str = "127.0.0.1:0"
    dicom_bind: str = "127.0.0.1:0"
    settings: Mapping[str, str] = field(default_factory=dict)  # ARCHIPEL_SECTION__NAME -> value
    http: str = ""
    dicom_host: str = ""
    dicom_port: int = 0
    peer: str = ""  # host:port of the peer door; empty: there is none
    hl7: str = ""  # host:port of the HL7 door; empty: there is none
    before: Sequence[str] = ()  # words before the command, as `ip netns exec NAME`

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until every door is open. Raises `Unavailable` with its last words."""
        self._log = (self.home / "run" / "serve.log").open("ab")
        command = [
            *self.before,
            sys.executable,
            "-m",
            "archipel",
            "serve",
            "--home",
            str(self.home),
        ]
        command += ["--http", self.http_bind, "--dicom", self.dicom_bind]
        self._process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
            command,
            bufsize=0,  # or lines behind the first would hide from select
            stdout=subprocess.PIPE,
            stderr=self._log,
            stdin=subprocess.DEVNULL,
            env=os.environ | dict(self.settings),
        )
        assert self._process.stdout is not None  # noqa: S101 (a pipe was asked for)
        found = _READY.search(self._await_line(self._process.stdout))
        if found is None:
            self.stop()
            raise Unavailable(f"the node did not start: {self.last_words()}")
        self.http, self.dicom_host = found[1], found[2]
        self.dicom_port = int(found[3])
        self.peer, self.hl7 = found[4] or "", found[5] or ""

    @property
    def pid(self) -> int:
        """Return the supervisor's process id."""
        return self._process.pid

    def stop(self) -> float:
        """End it by SIGTERM; returns the seconds it took. Raises `Unavailable` if it hangs."""
        began = time.monotonic()
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
            raise Unavailable("the node did not stop in time") from None
        finally:
            self._log.close()
            if self._process.stdout is not None:
                self._process.stdout.close()
        return time.monotonic() - began

    def kill(self) -> None:
        """End it as a power cut would end its processes; they die with their supervisor."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(5)
        self._log.close()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def last_words(self) -> str:
        """Return the end of its log."""
        return (self.home / "run" / "serve.log").read_text(errors="replace")[-2000:]

    def _await_line(self, stream: IO[bytes]) -> str:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline:
            if select.select([stream], [], [], 0.5)[0]:
                line = stream.readline().decode()
                if line.startswith("ready ") or not line:
                    return line
            elif self._process.poll() is not None:
                return ""
        return ""
