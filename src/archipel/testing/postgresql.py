"""A PostgreSQL server of one's own for tests: made from nothing, thrown away after."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archipel.kernel.errors import Unavailable

_FAST = ("--no-sync", "--locale=C")
_ACCOUNT = "postgres"  # the server refuses to run as root


def missing() -> str | None:
    """Say why there can be no server here; None when there can."""
    if not (shutil.which("initdb") and shutil.which("pg_ctl")):
        return "PostgreSQL (initdb, pg_ctl) is not installed"
    try:
        import psycopg  # noqa: F401, PLC0415  (an optional dependency: asked here, used nowhere else)
    except ImportError:
        return "psycopg is not installed (extra `postgresql`)"
    return None


@dataclass(frozen=True, slots=True)
class Server:
    """A server on a socket of its own, in the folder `home`."""

    home: Path

    @property
    def url(self) -> str:
        """Return the URL of its first database."""
        return f"postgresql+psycopg://archipel@/postgres?host={self.home}"

    def make(self) -> None:
        """Lay out its files."""
        data = self.home / "data"
        self._quietly("initdb", "-D", data, "-U", "archipel", "-A", "trust", "-E", "UTF8", *_FAST)

    def start(self) -> None:
        """Start it. Raises `Unavailable` when it does not answer within 30 s."""
        data, log = self.home / "data", self.home / "log"
        options = f"-k {self.home} -c listen_addresses= -c fsync=off -c max_connections=200"
        try:
            self._quietly(
                "pg_ctl", "-D", data, "-l", log, "-w", "-t", "30", "-o", options, "start"
            )
        except subprocess.SubprocessError as failure:
            raise Unavailable(f"PostgreSQL did not start: {log.read_text()[-500:]}") from failure

    def crash(self) -> None:
        """End it as a crash does: no transaction ends, no checkpoint; the next start recovers."""
        self._quietly("pg_ctl", "-D", self.home / "data", "-m", "immediate", "-w", "stop")

    def _quietly(self, *command: str | Path) -> None:
        how: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        if os.geteuid() == 0:
            account = pwd.getpwnam(_ACCOUNT)
            how |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        subprocess.run(command, check=True, cwd=self.home, timeout=60, **how)  # noqa: S603  (our words)


@contextmanager
def own_server() -> Iterator[Server]:
    """Run a server that may be stopped and started meanwhile. Raises as `server`."""
    with tempfile.TemporaryDirectory(prefix="archipel-pg-") as made:
        if os.geteuid() == 0:
            account = pwd.getpwnam(_ACCOUNT)
            os.chown(made, account.pw_uid, account.pw_gid)
        one = Server(Path(made))
        one.make()
        one.start()
        try:
            yield one
        finally:
            one.crash()


@contextmanager
def server() -> Iterator[str]:
    """Run a server; gives the URL of its first database.

    Raises `Unavailable` when it does not start within 30 s.
    """
    with own_server() as one:
        yield one.url
