"""Every real file through the door: in, out byte for byte, seen or refused with a clear status."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from archipel.kernel.errors import ArchipelError
from archipel.kernel.uid import Uid
from archipel.standards.dicom import header, part10

ROOT = Path(__file__).parents[3]
CORPUS = Path(os.environ.get("ARCHIPEL_CORPUS", ROOT.parent / "shared" / "data"))
MAX_BYTES = 64 << 20
BATCH = 25

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}: set ARCHIPEL_CORPUS"),
]


def _files() -> Iterator[tuple[Path, bytes, str]]:
    """Give each readable Part 10 file and where it is found once stored."""
    seen: dict[str, bytes] = {}
    for path in sorted((CORPUS / "dicom").rglob("*")):
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            continue
        content = path.read_bytes()
        try:
            meta, start = part10.split(content)
            found = header.scan(content[start:], meta.transfer_syntax)
            uids = [Uid(found[tag]).value for tag in (0x0020000D, 0x0020000E, 0x00080018)]
        except (ArchipelError, KeyError):
            continue
        if content[128:132] == b"DICM" and seen.setdefault(uids[2], content) == content:
            yield path, content, f"/studies/{uids[0]}/series/{uids[1]}/instances/{uids[2]}"


def test_real_files_come_back_and_are_seen(west: httpx.Client, store, seal) -> None:
    files = list(_files())
    assert len(files) > 500
    stored = []
    for first in range(0, len(files), BATCH):
        batch = files[first : first + BATCH]
        answer = store([content for _, content, _ in batch])
        assert answer.status_code in {200, 202}, answer.text
        refused = {
            item["00081155"]["Value"][0]
            for item in answer.json().get("00081198", {}).get("Value", ())
        }
        stored += [one for one in batch if one[2].rsplit("/", 1)[1] not in refused]
    assert len(stored) > 0.98 * len(files)

    assert _changed(west, stored) == []
    assert seal() > 0
    assert _changed(west, stored) == []
    statuses = _looked_at(west, stored)
    assert set(statuses) <= {("image/jpeg", 200), ("application/problem+json", 406)}
    assert statuses["image/jpeg", 200] > 0.8 * len(stored)


def _changed(west: httpx.Client, stored: list[tuple[Path, bytes, str]]) -> list[str]:
    accept = {"Accept": "application/dicom; transfer-syntax=*"}
    return [
        str(path.relative_to(CORPUS))
        for path, content, url in stored
        if west.get(url, headers=accept).content != content
    ]


def _looked_at(west: httpx.Client, stored: list[tuple[Path, bytes, str]]) -> Counter:
    seen: Counter = Counter()
    for path, _, url in stored:
        answer = west.get(f"{url}/rendered")
        seen[answer.headers["content-type"], answer.status_code] += 1
        assert answer.status_code in {200, 406}, (path, answer.text)
        assert west.get(f"{url}/metadata").status_code == 200, path
        plain = west.get(url, headers={"Accept": "application/dicom"})
        assert plain.status_code in {200, 406}, (path, plain.text)
    return seen
