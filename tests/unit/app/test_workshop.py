"""Strangers' pixels apart: what dies, hangs or swells does so alone (archipel.app.workshop)."""

import os
import signal
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from archipel.app.workshop import ProcessWorkshop
from archipel.imaging.errors import Undecodable
from archipel.imaging.tasks import DecodeFrame, FindValue
from archipel.kernel.errors import Exhausted
from archipel.standards.dicom import transfer_syntax as ts
from archipel.standards.dicom.pixels import PixelDescription

MIB = 1 << 20
GREY = PixelDescription(
    rows=40, columns=48, bits_allocated=16, bits_stored=12, high_bit=11, signed=False
)


@dataclass(frozen=True)
class Dies:
    """A codec that writes where it must not."""

    def do(self) -> bytes:
        os.kill(os.getpid(), signal.SIGSEGV)
        return b""


@dataclass(frozen=True)
class Hangs:
    """A codec that never ends, without using the processor."""

    def do(self) -> bytes:
        time.sleep(60)
        return b""


@dataclass(frozen=True)
class Swells:
    """A codec that takes what it can get."""

    size_bytes: int

    def do(self) -> bytes:
        return bytes(bytearray(self.size_bytes))


@dataclass(frozen=True)
class Wrong:
    """Our own mistake."""

    def do(self) -> bytes:
        raise KeyError("what")


def picture() -> tuple[np.ndarray, DecodeFrame]:
    grey = (np.arange(40 * 48, dtype=np.uint16).reshape(40, 48) * 37) % 4096
    content = bytes(imagecodecs.jpegls_encode(grey))
    return grey, DecodeFrame(content, ts.JPEG_LS_LOSSLESS, GREY)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessWorkshop]:
    opened = ProcessWorkshop(
        tmp_path_factory.mktemp("spool"), workers=2, memory_bytes=512 * MIB, time_s=5.0
    )
    opened.warm()
    yield opened
    opened.close()


def test_a_frame_is_decoded_in_another_process(shop: ProcessWorkshop) -> None:
    grey, task = picture()

    assert shop.run(task) == grey.astype("<u2").tobytes()


def test_who_asked_for_a_crash_learns_of_it_and_the_next_is_served(shop) -> None:
    for _ in range(3):
        with pytest.raises(Undecodable, match="died"):
            shop.run(Dies())
    _, task = picture()

    assert len(shop.run(task)) == GREY.frame_bytes


def test_what_never_ends_is_ended_and_others_are_served_meanwhile(tmp_path: Path) -> None:
    shop = ProcessWorkshop(tmp_path, workers=2, time_s=1.0)
    shop.warm()
    failures: list[Exception] = []

    def hang() -> None:
        try:
            shop.run(Hangs())
        except Exhausted as failure:
            failures.append(failure)

    thread = threading.Thread(target=hang)
    thread.start()
    try:
        for _ in range(20):
            shop.run(picture()[1])
        thread.join(10)
        assert [str(one) for one in failures] == [
            "decoding took longer than is granted: ask for less"
        ]
        shop.run(picture()[1])
    finally:
        thread.join(10)
        shop.close()


def test_what_swells_is_refused_and_takes_nothing_here(shop: ProcessWorkshop) -> None:
    before = resident_bytes()

    with pytest.raises(Undecodable, match="more memory"):
        shop.run(Swells(2048 * MIB))
    with pytest.raises(Exhausted, match="ask for less"):
        shop.run(Swells(128 * MIB))

    assert resident_bytes() - before < 16 * MIB


def test_a_long_result_comes_in_pieces_that_take_no_memory_here(shop: ProcessWorkshop) -> None:
    before = resident_bytes()
    size = most = 0

    for piece in shop.pieces(Swells(128 * MIB)):
        size += len(piece)
        most = max(most, resident_bytes())

    assert size == 128 * MIB
    assert most - before < 16 * MIB


def test_a_bomb_is_a_failure_like_any_other(shop: ProcessWorkshop) -> None:
    stream = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    bomb = b"".join(stream.compress(bytes(MIB)) for _ in range(600)) + stream.flush()
    before = resident_bytes()

    with pytest.raises(Exception, match="inflates to more"):
        shop.run(FindValue(bomb, ts.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, (0x7FE00010,)))

    assert resident_bytes() - before < 16 * MIB


def test_our_own_mistake_is_none_of_the_stranger(shop: ProcessWorkshop) -> None:
    with pytest.raises(RuntimeError, match="KeyError"):
        shop.run(Wrong())


def test_a_workbench_that_is_killed_is_opened_again(tmp_path: Path) -> None:
    shop = ProcessWorkshop(tmp_path, workers=2)
    shop.warm()
    assert shop._bench is not None
    shop._bench.kill()
    shop._bench.wait(5)
    try:
        for _ in range(2):  # its worker went with it
            try:
                shop.run(picture()[1])
            except Undecodable:
                continue
        assert shop.run(picture()[1])
    finally:
        shop.close()
