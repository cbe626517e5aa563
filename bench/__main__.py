"""`make bench`: our node beside its peers in one run; prints and keeps one table in Markdown.

    python -m bench [--turns 3] [--fresh] [receive] [dicomweb] [search] [million]

Every turn of every part is kept in `bench/results` as soon as it is done; a run that was cut off
goes on behind it, as long as the commit and the number of turns are the same. Figures of one run
compare with each other, never with those of another.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import dicomweb, million, receive, search
from bench.servers import Found

RESULTS = Path(__file__).parent / "results"
SERVERS = ("archipel", "orthanc", "storescp")


@dataclass(frozen=True)
class Part:
    """What is measured together. `turns`: how often at most, where once says enough."""

    once: Callable[[Path, int], Found]
    turns: int = 99


PARTS = {
    "receive": Part(receive.once),
    "dicomweb": Part(dicomweb.once),
    "search": Part(search.once, turns=1),
    "million": Part(million.once, turns=1),
}


def main() -> None:
    """Measure what is not measured yet; print the table."""
    asked = argparse.ArgumentParser(description="Measure our node beside its peers.")
    asked.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all where none is named")
    asked.add_argument("--turns", type=int, default=3)
    asked.add_argument("--fresh", action="store_true", help="forget what was measured before")
    told = asked.parse_args()
    base = Path(os.environ.get("BENCH_FOLDER", tempfile.gettempdir()))
    run = {"commit": _commit(), "turns": told.turns}
    RESULTS.mkdir(exist_ok=True)
    kept = {name: _kept(name, run, fresh=told.fresh) for name in told.parts or PARTS}
    for turn in range(told.turns):
        for name, measured in kept.items():
            if turn < PARTS[name].turns and len(measured) <= turn:
                _measure(name, run, base, measured)
    table = _table([turn for measured in kept.values() for turn in measured])
    said = f"Commit {run['commit']}, medians of {told.turns}, {os.cpu_count()} processors.\n"
    (RESULTS / "table.md").write_text(f"{said}\n{table}\n")
    print(f"\n{said}\n{table}")


def _measure(name: str, run: dict[str, Any], base: Path, measured: list[dict[str, Any]]) -> None:
    turn, began_s = len(measured), time.monotonic()
    print(f"{name}, turn {turn + 1} ...", flush=True)
    found = PARTS[name].once(base, turn)
    took_s = round(time.monotonic() - began_s)
    measured.append({"load": os.getloadavg()[0], "took_s": took_s, "found": found})
    (RESULTS / f"{name}.json").write_text(
        json.dumps(run | {"measured": measured}, indent=1) + "\n"
    )
    print(f"{name}, turn {turn + 1}: {took_s} s", flush=True)


def _kept(name: str, run: dict[str, Any], *, fresh: bool) -> list[dict[str, Any]]:
    """Return the turns that this run has behind it."""
    try:
        known = json.loads((RESULTS / f"{name}.json").read_text())
    except FileNotFoundError:
        return []
    if fresh or {key: known.get(key) for key in run} != run:
        return []
    measured: list[dict[str, Any]] = known["measured"]
    return measured


def _table(turns: list[dict[str, Any]]) -> str:
    values: dict[str, dict[str, list[float]]] = {}
    for turn in turns:
        for row, by_server in turn["found"].items():
            for server, value in by_server.items():
                values.setdefault(row, {}).setdefault(server, []).append(value)
    lines = [
        "| what | archipel | orthanc | storescp | to orthanc | to storescp |",
        "|---|---|---|---|---|---|",
    ]
    for row, by_server in values.items():
        median = {server: statistics.median(found) for server, found in by_server.items()}
        cells = [_shown(median.get(server)) for server in SERVERS]
        cells += [_ratio(row, median, server) for server in SERVERS[1:]]
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _ratio(row: str, median: dict[str, float], server: str) -> str:
    """Say how many times better we are: more a second, or less of anything else."""
    ours, theirs = median.get("archipel"), median.get(server)
    if not ours or not theirs or ours < 0 or theirs < 0:
        return ""
    return f"{ours / theirs if row.endswith('per s') else theirs / ours:.2f}x"


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


def _commit() -> str:
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
