"""A disk whose power can be cut: a loop-mounted ext4 or xfs, shut down without flushing its log.

SIGKILL never shows a missing fsync, because the page cache outlives the process; this does. It
needs root, and a mount namespace of its own (`unshare --mount --propagation private`): another
namespace that copied the mount would keep the dead superblock alive over the remount.
"""

import fcntl
import os
import struct
import subprocess
import time
from pathlib import Path

_SHUTDOWN = 0x8004587D  # FS_IOC_SHUTDOWN, also XFS_IOC_GOINGDOWN
_NO_LOG_FLUSH = 2
_SIZES_MIB = {"ext4": 192, "xfs": 320}
_UNMOUNT_S = 10.0


class CuttableDisk:
    """One file system on a loop device, under `work`."""

    def __init__(self, work: Path, filesystem: str) -> None:
        self._image, self.path = work / "disk.img", work / "disk"
        self._filesystem = filesystem
        self.path.mkdir()

    def make(self) -> None:
        """Make it afresh and mount it."""
        if os.path.ismount(self.path):
            self._unmount()
        with self._image.open("wb") as image:
            image.truncate(_SIZES_MIB[self._filesystem] << 20)
        quiet = ["-q", "-F"] if self._filesystem == "ext4" else ["-q", "-f"]
        _run(f"mkfs.{self._filesystem}", *quiet, str(self._image))
        self._mount()

    def cut(self) -> None:
        """Drop everything that is not durable, at once."""
        fd = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, _SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
        finally:
            os.close(fd)

    def restore(self) -> None:
        """Mount it again, as after the power came back; nobody may have it open."""
        self._unmount()
        self._mount()

    def close(self) -> None:
        """Let it go."""
        if os.path.ismount(self.path):
            self._unmount()
        self._image.unlink(missing_ok=True)

    def _mount(self) -> None:
        _run("mount", "-o", "loop", str(self._image), str(self.path))

    def _unmount(self) -> None:
        deadline = time.monotonic() + _UNMOUNT_S
        while subprocess.run(
            ["umount", str(self.path)], check=False, capture_output=True
        ).returncode:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.path} stays busy: a process still has it open")
            time.sleep(0.02)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)
