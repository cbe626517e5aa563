"""A secret key of the node in a file of its own: made once, read by every process."""

import os
import secrets
from pathlib import Path

from archipel.kernel.errors import Unavailable

KEY_BYTES = 32


def held_or_made(file: Path) -> bytes:
    """Return the key of this file, making it where there is none yet. Raises `Unavailable`."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = _read(file)
        if held is None:
            _make(file)
            held = _read(file)
    except OSError as failure:
        raise Unavailable(f"{file}: {failure.strerror}") from failure
    if held is None or len(held) != KEY_BYTES:
        raise Unavailable(f"{file} is no key of {KEY_BYTES} bytes: restore it")
    return held


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _make(file: Path) -> None:
    """Write a key whole under a name of our own, then give it its name if nobody was first."""
    fresh = file.parent / f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}"
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, secrets.token_bytes(KEY_BYTES))
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(fresh, file)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
