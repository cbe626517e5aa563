"""A sealer that dies at any moment loses nothing and leaves nothing behind that is not tidied."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tests.durability.test_failing_disk import needs_strace

from archipel.archive.model import PackPlace
from archipel.stores.journal.journal import JournalPolicy
from archipel.testing.storage_node import StorageNode

ROOT = Path(__file__).parents[2]
SERIES, INSTANCES = 6, 12
PATIENCE_S = 240  # a busy machine is no sealer that hangs


def _image(series: int, number: int) -> bytes:
    """Write a data set of 64 by 64 in explicit little endian, by hand."""
    noise = np.random.default_rng(series * 1000 + number).integers(0, 9, (64, 64))
    pixels = (np.add.outer(np.arange(64), np.arange(64)) * 8 + noise).astype("<u2").tobytes()

    def short(group: int, element: int, vr: str, value: bytes) -> bytes:
        value += b"\0" * (len(value) % 2)
        head = group.to_bytes(2, "little") + element.to_bytes(2, "little") + vr.encode()
        return head + len(value).to_bytes(2, "little") + value

    def us(element: int, value: int) -> bytes:
        return short(0x28, element, "US", value.to_bytes(2, "little"))

    return b"".join(
        [
            short(8, 0x16, "UI", b"1.2.840.10008.5.1.4.1.1.2"),
            short(8, 0x18, "UI", f"2.25.{series}{number:03}".encode()),
            short(0x10, 0x20, "LO", b"P1"),
            short(0x20, 0xD, "UI", b"2.25.9"),
            short(0x20, 0xE, "UI", f"2.25.8{series}".encode()),
            short(0x20, 0x13, "IS", str(number).encode()),
            *(us(2, 1), short(0x28, 4, "CS", b"MONOCHROME2"), us(0x10, 64), us(0x11, 64)),
            *(us(0x100, 16), us(0x101, 16), us(0x102, 15), us(0x103, 0)),
            b"\xe0\x7f\x10\0OW\0\0" + len(pixels).to_bytes(4, "little") + pixels,
        ]
    )


def _prepare(home: Path) -> dict[str, bytes]:
    policy = JournalPolicy(roll_bytes=100_000, low_water_bytes=0)
    node = StorageNode(home, policy=policy)
    node.replay()
    sent = {}
    for series in range(SERIES):
        for number in range(INSTANCES):
            content = _image(series, number)
            node.receive(content)
            sent[f"2.25.{series}{number:03}"] = content
    while node.catch_up().stored:
        pass
    node.close()
    return sent


def _sealer(home: Path, *prefix: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*prefix, sys.executable, "-m", "tests.durability.sealer", str(home)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
    )


def _finished(home: Path, sent: dict[str, bytes]) -> None:
    """Let one live to the end, and hold everything against what was sent."""
    last = _sealer(home)
    said, _ = last.communicate(timeout=PATIENCE_S)
    assert said.split() == ["ready", "done"]
    node = StorageNode(home)
    held = node.held()
    assert {type(one.place) for one in held} == {PackPlace}
    assert {str(one.key.sop_instance): node.contents.dataset(one) for one in held} == sent
    assert [f for f in node.findings() if f.damage] == []
    node.tidy()
    assert node.segments.numbers() == []
    assert len(list(node.packs.inventory())) == SERIES
    assert node.packs.sweep(now=node.now.replace(year=2100)) >= 0
    assert list((home / "packs" / ".tmp").iterdir()) == []
    node.close()


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path) -> None:
    sent = _prepare(tmp_path)
    moments = random.Random(20261124)  # noqa: S311 (moments, not secrets)
    killed = 0
    for _ in range(8):
        sealer = _sealer(tmp_path)
        assert sealer.stdout is not None
        sealer.stdout.readline()
        time.sleep(moments.uniform(0, 0.15))
        killed += sealer.poll() is None
        sealer.kill()
        sealer.communicate(timeout=PATIENCE_S)

    assert killed > 2
    _finished(tmp_path, sent)


@needs_strace
@pytest.mark.slow
@pytest.mark.parametrize("call", ["fsync,fdatasync", "rename", "unlink"])
def test_killed_at_calls_that_change_the_disk(tmp_path, call) -> None:
    sent = _prepare(tmp_path)

    for when in (1, 2, 3, 5, 8):
        inject = f"inject={call}:signal=KILL:when={when}"
        sealer = _sealer(
            tmp_path, "strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject
        )
        sealer.communicate(timeout=PATIENCE_S)

    _finished(tmp_path, sent)
