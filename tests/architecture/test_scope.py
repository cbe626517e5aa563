"""No query without a boundary: what keeps one hospital's patients out of another's list."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SQL = Path(__file__).parents[2] / "src" / "archipel" / "stores" / "sql"
PLUMBING = {"__init__", "session", "outbox"}
NO_QUERIES = {"schema", "migrations"}
BOUNDARIES = {"scope", "tenant"}
CARRIES_ITS_TENANT = {
    *("Arrival", "AuditEntry", "Organisation", "Device", "Person", "StudyKey", "SeriesKey"),
}


def unscoped(source: str) -> Iterator[str]:
    """Name every public function or method of `source` that asks for no boundary.

    An argument whose type carries its tenant counts; a function that serves the node as a whole
    (the index writer, a sign-in before anybody is known) says so: its docstring opens its second
    sentence with "Node-wide:" and the reason.
    """
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name[0] == "_":
            continue
        arguments = [*node.args.args, *node.args.kwonlyargs]
        annotations = " ".join(ast.unparse(a.annotation) for a in arguments if a.annotation)
        bounded = bool({a.arg for a in arguments} & BOUNDARIES)
        carried = any(word in annotations for word in CARRIES_ITS_TENANT)
        declared = "Node-wide:" in (ast.get_docstring(node) or "")
        if not (bounded or carried or declared):
            yield node.name


MODULES = [
    path
    for path in sorted(SQL.rglob("*.py"))
    if path.stem not in PLUMBING and not NO_QUERIES & {*path.relative_to(SQL).parts}
]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SQL)))
def test_every_query_is_bounded(path: Path) -> None:
    assert list(unscoped(path.read_text())) == []


def test_the_rule_sees_a_leak() -> None:
    assert list(unscoped("def studies_of(patient): ...")) == ["studies_of"]
    assert list(unscoped("def studies_of(patient, *, scope): ...")) == []
    assert list(unscoped("class A:\n    def every_study(self): ...")) == ["every_study"]
