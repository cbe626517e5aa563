"""Whether the node takes anything in: a flag that every process sees, and how it comes down.

A full or failing disk must refuse, not corrupt. Whoever meets ENOSPC or EIO raises the flag, a
file in the node's run directory; from then on no slot is given. The flag comes down by itself
when a probe file can be written and made durable again and enough room is free.
"""

import contextlib
import errno
import os
import time
from pathlib import Path

from archipel.archive.errors import ReadOnly
from archipel.kernel.errors import Exhausted, Unavailable

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_PROBE_BYTES = 64 << 10


class Health:
    """The read-only flag of one node and its journal's disk.

    `low_water_bytes` must stay free for the index; the flag comes down a quarter above it.
    """

    def __init__(
        self, journal: Path, run: Path, *, low_water_bytes: int, probe_every_s: float = 2.0
    ) -> None:
        self._journal = journal
        self._flag = run / "read-only"
        self._low_water_bytes = low_water_bytes
        self.probe_every_s = probe_every_s

    def reason(self) -> str | None:
        """Say why the node is read-only; None while it is not."""
        try:
            return self._flag.read_text() or "no reason was written"
        except FileNotFoundError:
            return None

    def refuse(self, reason: str) -> None:
        """Raise the flag. Where even that fails, the disk refuses the next writer anyway."""
        try:
            self._flag.write_text(reason)
        except OSError:
            return

    def check(self) -> None:
        """Raise `ReadOnly` while the node takes nothing in; probes when the last probe is old."""
        try:
            age_s = time.time() - self._flag.stat().st_mtime
        except FileNotFoundError:
            if self.free_bytes() < self._low_water_bytes:
                self.refuse(f"less than {self._low_water_bytes >> 20} MiB are free on the disk")
                raise ReadOnly(self._message()) from None
            return
        if 0 <= age_s < self.probe_every_s or not self.probe():
            raise ReadOnly(self._message())

    def probe(self) -> bool:
        """Try the disk; lower the flag when it is well again. Tell whether the node may write."""
        if self.reason() is None:
            return True
        with contextlib.suppress(OSError):  # lowered meanwhile, or refused: the probe will tell
            os.utime(self._flag)  # other processes wait for this probe
        if self.free_bytes() < self._low_water_bytes * 5 // 4 or not self._writes():
            return False
        self._flag.unlink(missing_ok=True)
        return True

    def free_bytes(self) -> int:
        """Return the room left on the journal's disk; 0 when it does not answer."""
        try:
            disk = os.statvfs(self._journal)
        except OSError:
            return 0
        return disk.f_bavail * disk.f_frsize

    def failed(self, error: OSError, doing: str) -> Exhausted | Unavailable:
        """Raise the flag for an error of the disk and return what to tell the sender."""
        reason = f"the journal's disk failed {doing}: {os.strerror(error.errno or 0)}"
        self.refuse(reason)
        if error.errno in _NO_ROOM:
            return Exhausted(f"{reason}; the node is read-only until room is free")
        return Unavailable(f"{reason}; the node is read-only until the disk answers again")

    def _writes(self) -> bool:
        path = self._journal / f".probe-{os.getpid()}"
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                whole = os.write(fd, bytes(_PROBE_BYTES)) == _PROBE_BYTES
                os.fsync(fd)
            finally:
                os.close(fd)
                path.unlink()
        except OSError:
            return False
        return whole

    def _message(self) -> str:
        return f"the node takes nothing in: {self.reason() or 'the disk is being probed'}"
