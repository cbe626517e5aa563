"""The documents speak of the program as it is: what they name is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PLACE = re.compile(r"`((?:src|web|tests|scripts|bench)/[\w./-]+)(?::([\w.]+))?`")
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
MAKE = re.compile(r"`make ([a-z][a-z-]*)`|^make ([a-z][a-z-]*)", re.MULTILINE)
MACHINES = re.compile(r"/(?:work|root|home/[a-z]+)/")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _named_in(source: str) -> set[str]:
    """Return `function`, `Class` and `Class.method` of a module."""
    found = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            inner = (n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
            found.update(f"{node.name}.{method.name}" for method in inner)
    return found


@pytest.mark.parametrize("walk", ["one-image.md", "one-request.md"])
def test_a_walk_names_many_places(walk: str) -> None:
    assert len(PLACE.findall((ROOT / "docs" / walk).read_text())) > 30


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_place_a_document_names_exists(document: Path) -> None:
    for path, name in PLACE.findall(document.read_text()):
        assert (ROOT / path).exists(), path
        if name:
            assert name in _named_in((ROOT / path).read_text()), f"{path} has no {name}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_link_between_documents_leads_somewhere(document: Path) -> None:
    broken = [
        link
        for link in LINK.findall(document.read_text())
        if not (document.parent / link).exists()
    ]
    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_a_document_names_no_path_of_somebodys_machine(document: Path) -> None:
    assert MACHINES.findall(document.read_text()) == []


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_the_commands_of_the_front_page_are_targets_of_the_makefile(document: str) -> None:
    targets = set(TARGET.findall((ROOT / "Makefile").read_text()))
    named = {one or other for one, other in MAKE.findall((ROOT / document).read_text())}

    assert named
    assert named <= targets
