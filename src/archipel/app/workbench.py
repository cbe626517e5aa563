"""The process that decodes strangers' pixels: loads the codecs once, then forks workers.

Its standard input is a socket. For each descriptor that comes over it, one end of a socket pair,
it forks a worker that serves tasks there, and answers with a pidfd by which the asker kills it.
A worker is bounded in memory and processor time, writes no file but results, and is the kernel's
first choice when memory runs out. It ends when its socket does.

A task comes pickled, from us. A result never is: its reader trusts nothing that a worker says.
"""

import array
import ctypes
import json
import math
import os
import pickle
import resource
import signal
import socket
import struct
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path

from archipel.imaging.errors import NotAnImage, Undecodable
from archipel.kernel.errors import ArchipelError, Exhausted, Malformed, NotFound
from archipel.standards.dicom.deidentify.apply import NotDeidentifiable

REQUEST = struct.Struct("<Q")  # length of the pickled task that follows
REPLY = struct.Struct("<BQ")  # kind, length of what follows (or of the file that comes along)
DONE, FILED, FAILED, BUG = range(4)
INLINE_BYTES = 8 << 20  # a longer result comes as a file without a name
TOLD: tuple[type[ArchipelError], ...] = (
    NotAnImage,
    NotDeidentifiable,
    Undecodable,
    Exhausted,
    NotFound,
    Malformed,
)
"""The failures a worker may tell; subclasses before their kind."""

_LARGEST_FILE_BYTES = 4 << 30
_FILES = 64
_CODECS = ("jpeg", "ljpeg", "jpegsof3", "jpegls", "jpeg2k", "htj2k", "dicomrle")
_WRITTEN = ("jpegls", "jpeg2k", "htj2k", "packbits")
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve until standard input ends: `python -m archipel.app.workbench MEMORY TIME SPOOL`."""
    memory_bytes, time_s, spool = int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3])
    _load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the supervisor
    control = socket.socket(fileno=os.dup(0))
    while True:
        message, given, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        process = os.fork()
        if not process:
            control.close()
            _become_a_worker(memory_bytes)
            _serve(socket.socket(fileno=given[0]), time_s, spool)
            os._exit(0)
        os.close(given[0])
        with suppress(ProcessLookupError):
            handle = os.pidfd_open(process)
            socket.send_fds(control, [b"w"], [handle])
            os.close(handle)
            continue
        control.sendall(b"x")  # it died before it had a name


def _load() -> None:
    """Load before the fork what a worker needs; `imagecodecs` loads a codec when it is named."""
    import imagecodecs  # noqa: PLC0415  (who only asks the workbench needs none of these)

    import archipel.imaging.deidentify  # noqa: PLC0415  (as above)
    import archipel.imaging.encode  # noqa: PLC0415  (as above)
    import archipel.imaging.render  # noqa: PLC0415  (as above)
    import archipel.imaging.transcode  # noqa: PLC0415  (as above)
    import archipel.stores.frames  # noqa: F401, PLC0415  (as above)

    for codec in _CODECS:
        getattr(imagecodecs, f"{codec}_decode")
    for codec in _WRITTEN:
        getattr(imagecodecs, f"{codec}_encode")


def _become_a_worker(memory_bytes: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # with the workbench
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    total = pages * resource.getpagesize() + memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (total, total))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, _FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE_BYTES, _LARGEST_FILE_BYTES))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _serve(asker: socket.socket, time_s: float, spool: Path) -> None:
    while head := receive(asker, REQUEST.size):
        # The bytes come from our own process over a socket that nobody else holds.
        task = pickle.loads(receive(asker, REQUEST.unpack(head)[0]))  # noqa: S301
        used = resource.getrusage(resource.RUSAGE_SELF)
        until_s = math.ceil(used.ru_utime + used.ru_stime + time_s) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (until_s, resource.RLIM_INFINITY))
        try:
            result = task.do()
        except TOLD as failure:
            kind = next(n for n, one in enumerate(TOLD) if isinstance(failure, one))
            _reply(asker, FAILED, json.dumps([kind, str(failure)]).encode())
        except MemoryError:
            said = "decoding it takes more memory than is granted to one object"
            _reply(asker, FAILED, json.dumps([TOLD.index(Undecodable), said]).encode())
        except Exception:  # noqa: BLE001  (told to the asker, who logs it)
            _reply(asker, BUG, traceback.format_exc().encode()[-4000:])
        else:
            _give(asker, result, spool)
            del result
        del task


def _give(asker: socket.socket, result: bytes, spool: Path) -> None:
    if len(result) <= INLINE_BYTES:
        _reply(asker, DONE, result)
        return
    try:
        with tempfile.TemporaryFile(dir=spool, buffering=0) as file:
            view = memoryview(result)
            while view:
                view = view[file.write(view) :]
            fds = array.array("i", [file.fileno()])
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)]
            asker.sendmsg([REPLY.pack(FILED, len(result))], rights)
    except OSError as error:
        said = f"no room for {len(result)} bytes of decoded pixels: {error.strerror}"
        _reply(asker, FAILED, json.dumps([TOLD.index(Exhausted), said]).encode())


def _reply(asker: socket.socket, kind: int, payload: bytes) -> None:
    asker.sendall(REPLY.pack(kind, len(payload)))
    asker.sendall(payload)


def receive(sender: socket.socket, length: int) -> bytes:
    """Read exactly `length` bytes; fewer when the socket ends."""
    content = bytearray(length)
    view, done = memoryview(content), 0
    while done < length:
        got = sender.recv_into(view[done:])
        if not got:
            view.release()
            return bytes(content[:done])
        done += got
    return bytes(content)


if __name__ == "__main__":
    main()
