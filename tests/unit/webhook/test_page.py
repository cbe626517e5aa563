"""What docs/extend/webhooks.md tells receivers to do, done: its code runs as it stands there."""

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from archipel.results.feed.model import NAMES
from archipel.results.hooks.signature import secret_of, signed

PAGE = Path(__file__).parents[3] / "docs" / "extend" / "webhooks.md"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BODY = '{"changes":[],"words":"é"}'.encode()
SECRET = secret_of(b"k" * 32, "5f0c2a9d4be81c37")


def code(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return str(found)


@pytest.fixture(scope="module")
def verified() -> Any:
    names: dict[str, Any] = {}
    exec(compile(code("python"), str(PAGE), "exec"), names)  # noqa: S102  (our own page)
    return names["verified"]


def test_a_delivery_of_ours_is_believed(verified: Any) -> None:
    header = signed(SECRET, BODY, at=NOW)

    assert verified(SECRET, header, BODY, now=NOW.timestamp() + 299)


@pytest.mark.parametrize("later_s", [301, -301])
def test_one_that_is_old_or_of_the_future_is_not(verified: Any, later_s: int) -> None:
    assert not verified(SECRET, signed(SECRET, BODY, at=NOW), BODY, now=NOW.timestamp() + later_s)


def test_one_that_was_changed_or_signed_by_others_is_not(verified: Any) -> None:
    header, at = signed(SECRET, BODY, at=NOW), NOW.timestamp()

    assert not verified(SECRET, header, BODY + b" ", now=at)
    assert not verified(secret_of(b"x" * 32, "a"), header, BODY, now=at)
    assert not verified(secret_of(b"k" * 32, "a"), header, BODY, now=at)
    assert not verified(SECRET, header.replace("t=1", "t=2"), BODY, now=at + 10**9)
    assert not verified(SECRET, "", BODY, now=at)


@pytest.mark.parametrize(("secret", "status"), [(SECRET, 0), ("whsec_other", 1)])
def test_the_shell_says_the_same(tmp_path: Path, secret: str, status: int) -> None:
    (tmp_path / "body.json").write_bytes(BODY)
    given = {"SECRET": secret, "HEADER": signed(SECRET, BODY, at=NOW), "PATH": "/usr/bin:/bin"}

    done = subprocess.run(["sh", "-c", code("sh")], cwd=tmp_path, env=given, check=False)

    assert done.returncode == status


def test_every_kind_is_on_the_page() -> None:
    assert {f"`{kind}`" for kind in NAMES} <= set(
        re.findall(r"`[a-z]+\.[a-z]+`", PAGE.read_text())
    )
