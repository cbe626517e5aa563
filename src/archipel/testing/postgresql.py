"""A PostgreSQL server of one's own for tests: made from nothing, thrown away after."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def server() -> Iterator[str]:
    """Run a server on a socket of its own; gives the URL of its first database.

    Raises `Unavailable` when it does not start within 30 s.
    """
    with tempfile.TemporaryDirectory(prefix="archipel-pg-") as made:
        home = Path(made)
        as_account: dict[str, Any] = {"cwd": home, "timeout": 60}
        if os.geteuid() == 0:
            account = pwd.getpwnam(_ACCOUNT)
            os.chown(home, account.pw_uid, account.pw_gid)
            as_account |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

        def quietly(*command: str | Path) -> None:
            silence: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            subprocess.run(command, check=True, **as_account, **silence)  # noqa: S603  (our words)

        data, log = home / "data", home / "log"
        quietly("initdb", "-D", data, "-U", "archipel", "-A", "trust", "-E", "UTF8", *_FAST)
        options = f"-k {home} -c listen_addresses= -c fsync=off -c max_connections=200"
        try:
            quietly("pg_ctl", "-D", data, "-l", log, "-w", "-t", "30", "-o", options, "start")
        except subprocess.SubprocessError as failure:
            raise Unavailable(f"PostgreSQL did not start: {log.read_text()[-500:]}") from failure
        try:
            yield f"postgresql+psycopg://archipel@/postgres?host={home}"
        finally:
            quietly("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
