"""Corpus of real files, when the machine has one."""

import os
from pathlib import Path

import pytest


def corpus_files() -> list[Path]:
    named = os.environ.get("ARCHIPEL_CORPUS")
    root = Path(named) if named else Path(__file__).parents[4] / "shared" / "data"
    return sorted(p for p in (root / "dicom").rglob("*") if p.is_file()) if root.is_dir() else []


@pytest.fixture(scope="session")
def corpus() -> list[Path]:
    files = corpus_files()
    if not files:
        pytest.skip("no corpus: set ARCHIPEL_CORPUS to the folder of real test data")
    return files
