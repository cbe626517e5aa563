"""What a password may be, and how it is kept."""

import pytest

from archipel.access.errors import PasswordTooWeak
from archipel.access.passwords import is_outdated, kept, matches

GOOD = "un cheval agrafe la pile"


@pytest.mark.parametrize("weak", ["", "onze lettre", "a" * 40, "x" * 1025, "anne anne anne anne"])
def test_a_weak_password_is_refused_without_being_repeated(weak: str) -> None:
    with pytest.raises(PasswordTooWeak) as failure:
        kept(weak, login="anne")

    assert not weak or weak not in str(failure.value)


def test_only_the_same_password_matches() -> None:
    first, second = kept(GOOD, login="anne"), kept(GOOD, login="anne")

    assert first != second
    assert first.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert matches(GOOD, first)
    assert not matches(GOOD + " ", first)
    assert not matches(GOOD, "not a hash")
    assert not is_outdated(first)


def test_composed_and_decomposed_letters_are_one() -> None:
    assert matches("e\u0301te\u0301 \u00e0 la mer", kept("\u00e9t\u00e9 a\u0300 la mer", login=""))


def test_nothing_kept_matches_nothing() -> None:
    assert not matches("", None)
    assert not matches(GOOD, None)
