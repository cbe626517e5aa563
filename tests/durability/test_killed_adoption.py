"""A process that dies between WHOLE and PUBLISHED: the study is taken in exactly once."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.exchange.conftest import AWAY, HOME
from tests.unit.exchange.test_spool_and_adoption import arrive, listed, scope

from archipel.exchange.transfer import TransferState
from archipel.testing.archipelago.travelling import TravellingNode

ADOPTER = Path(__file__).with_name("adopter.py")
PATIENCE_S = 60
KILLS = [
    *[f"fsync,fdatasync:signal=KILL:when={number}" for number in (1, 3)],
    *[f"pwrite64:signal=KILL:when={number}" for number in (3, 17)],
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is missing"),
]


def adopt(home: Path, inject: str | None) -> int:
    """Run the adopter, perhaps killed at a system call; return how it ended."""
    command = [sys.executable, str(ADOPTER), str(home)]
    if inject is not None:
        calls = inject.split(":")[0]
        command = [
            *("strace", "-f", "-o", "/dev/null", "-e", f"trace={calls}", "-e", f"inject={inject}"),
            *command,
        ]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        command, check=False, capture_output=True, timeout=PATIENCE_S, env=environment
    ).returncode


def test_a_whole_study_is_taken_in_once_however_often_the_process_dies(tmp_path: Path) -> None:
    source = TravellingNode(tmp_path / "gp", name="gp", tenant=HOME)
    reader = TravellingNode(tmp_path / "mq", name="mq", tenant=AWAY)
    reader.hear_of(source)
    key = source.study(series=(5, 3))
    row, manifest = arrive(source, reader, key)
    reader.close()

    ends = [adopt(tmp_path / "mq", inject) for inject in KILLS]
    assert ends.count(-signal.SIGKILL) + ends.count(128 + signal.SIGKILL) >= len(KILLS) // 2
    assert adopt(tmp_path / "mq", None) == 0
    assert adopt(tmp_path / "mq", None) == 0

    reader = TravellingNode(tmp_path / "mq", name="mq", tenant=AWAY)
    try:
        assert reader.transfers.get(row.id, scope=scope(AWAY)).state is TransferState.PUBLISHED
        assert reader.digests(HOME) == source.digests(HOME)
        assert len(reader.held(HOME)) == 8
        assert listed(reader, AWAY) == [key.study.value]
        assert len(reader.provenance.of(key)) == 1
        assert len(list(reader.packs.inventory())) == len(manifest.packs)
        assert [found for found in reader.findings() if found.damage] == []
        assert received(reader) == 1
    finally:
        reader.close()
        source.close()


def received(reader: TravellingNode) -> int:
    """Count the facts that say that the study came."""
    with reader.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT kind FROM fact").scalars()
        return sum(kind == "transfer.received" for kind in rows)
