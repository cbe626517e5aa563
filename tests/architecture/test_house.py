"""The measures of the house. A failure here asks for a smaller room, not for a wider limit."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "archipel"
MODULES = sorted(SOURCE.rglob("*.py"))
FILE_LINES, FUNCTION_LINES, ARGUMENTS, FOLDER_MODULES = 400, 60, 7, 24
NOBODYS_ROOMS = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


def _name(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def _functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_is_small_and_says_what_it_is_for(path: Path) -> None:
    source = path.read_text()
    tree = ast.parse(source)

    assert ast.get_docstring(tree), "say in one line what this module is for"
    assert source.count("\n") <= FILE_LINES
    for function in _functions(tree):
        assert function.end_lineno is not None
        assert function.end_lineno - function.lineno < FUNCTION_LINES, function.name
        arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        named = [a for a in arguments if a.arg not in {"self", "cls"}]
        assert len(named) <= ARGUMENTS, function.name


def test_no_room_belongs_to_nobody() -> None:
    assert [p for p in MODULES if NOBODYS_ROOMS & {*p.with_suffix("").parts}] == []


@pytest.mark.parametrize(
    "folder", sorted(p.parent for p in SOURCE.rglob("__init__.py")), ids=_name
)
def test_a_folder_can_be_read_at_a_glance(folder: Path) -> None:
    assert len(list(folder.glob("*.py"))) <= FOLDER_MODULES


@pytest.mark.parametrize("path", sorted((SOURCE / "kernel").glob("*.py")), ids=_name)
def test_the_kernel_needs_only_the_standard_library(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for root in (name.split(".")[0] for name in names):
            assert root in sys.stdlib_module_names | {"archipel"}, root
