"""A watched page: told when it changed, and to nobody who may no longer look."""

import asyncio
from itertools import count
from typing import cast

import pytest

from archipel.access.model import Visitor
from archipel.kernel.errors import Refused, Unavailable
from archipel.protocols.web import watched
from archipel.protocols.web.models.base import View
from archipel.protocols.web.watched import Watched, tell

SOMEBODY = cast("Visitor", object())


class Page(View):
    """A page of one number."""

    number: int


def _watch(look, admit=lambda: SOMEBODY) -> Watched[Page]:
    return Watched(
        event="page", look=look, steady=lambda page: page.model_dump_json(), admit=admit
    )


def _heard(watch: Watched[Page], most: int) -> list[str]:
    async def listen() -> list[str]:
        heard: list[str] = []
        async for told in tell(watch, SOMEBODY):
            heard.append(told)
            if len(heard) == most:
                break
        return heard

    return asyncio.run(asyncio.wait_for(listen(), timeout=20))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "LOOK_S", 0.001)


def test_whoever_may_no_longer_look_hears_no_more_however_much_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watched, "HEARTBEAT_S", 0.05)
    numbers = count()

    def refuse() -> Visitor:
        raise Refused("signed out")

    heard = _heard(_watch(lambda _: Page(number=next(numbers)), refuse), most=100_000)
    assert len(heard) > 1
    assert ": heartbeat\n\n" not in heard


def test_a_page_is_told_once_until_it_changes_also_across_an_absence_of_the_database() -> None:
    answers = iter([1, 1, None, 1, 2])

    def look(_: Visitor) -> Page:
        number = next(answers)
        if number is None:
            raise Unavailable("the database is away")
        return Page(number=number)

    heard = _heard(_watch(look), most=3)
    assert [told.split("data: ")[1].strip() for told in heard[1:]] == [
        '{"number":1}',
        '{"number":2}',
    ]
