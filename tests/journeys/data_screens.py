"""Every screen that shows data: where it is, what it asks of the node, what it says of nothing.

A new screen adds one entry to `SCREENS`; test_states.py then holds it to the states of ux.md 3.2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

READER, ADMINISTRATOR, ASKS, IDENTITY = "j.letchimy", "s.pacs", "k.manip", "v.identite"

Answer: TypeAlias = dict[str, Any] | list[Any]


def emptied(*lists: str, **others: object) -> Callable[[Answer], Answer]:
    """Return what takes the rows out of an answer and leaves the rest as the node gave it."""

    def empty(answer: Answer) -> Answer:
        if isinstance(answer, list):
            return []
        return {**answer, **{each: [] for each in lists}, **others}

    return empty


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen: where it is, which answer it shows, and by what one sees that it does."""

    name: str
    login: str
    path: str
    source: str  # the request whose answer the screen is about
    given: str  # what is on the screen when the answer is there
    empty: Callable[[Answer], Answer] | None = None
    nothing: str = ""  # what it says of an empty answer
    part: str = ""  # another request, of which only a part of the screen depends
    lives: bool = False  # it follows the live stream
    stream: str = ""  # a stream of its own, which would bring the answer all the same


SCREENS = (
    Screen(
        "worklist",
        READER,
        "/reading?list=all",
        "**/api/worklist?*",
        "tr[data-exam]",
        empty=emptied("rows", total=0, next=None),
        nothing="Rien à lire dans cette liste",
        part="**/api/worklist/counts",
        lives=True,
    ),
    Screen(
        "exam",
        READER,
        "/reading/{exam}",
        "**/api/exams/{exam}",
        "[role=tablist]",
        empty=emptied("series", "priors"),
        nothing="Aucun",
        lives=True,
    ),
    Screen(
        "search",
        READER,
        "/patients",
        "**/api/persons?*",
        "a[href^='/patients/']",
        empty=emptied("persons", more=False),
        nothing="Aucun patient pour",
    ),
    Screen(
        "person",
        READER,
        "/patients/{person}",
        "**/api/persons/{person}",
        "[data-exam]",
        empty=emptied("exams"),
        nothing="Aucun examen de ce patient",
        part="**/api/exams/{exam}",
    ),
    Screen(
        "organisations",
        ADMINISTRATOR,
        "/admin/organisations",
        "**/api/admin/organisations",
        "table.list",
        empty=emptied(),
        nothing="Aucune organisation",
    ),
    Screen(
        "people",
        ADMINISTRATOR,
        "/admin/people",
        "**/api/admin/people",
        "table.list",
        empty=emptied(),
        nothing="Aucun compte",
    ),
    Screen(
        "devices",
        ADMINISTRATOR,
        "/admin/devices",
        "**/api/admin/devices",
        "table.list",
        empty=emptied(),
        nothing="Aucun",
        part="**/api/admin/unknown-callers",
    ),
    Screen(
        "tokens",
        ADMINISTRATOR,
        "/admin/tokens",
        "**/api/admin/tokens",
        "section.panel > p",  # a fresh node has none
        empty=emptied(),
        nothing="Aucun",
    ),
    Screen(
        "webhooks",
        ADMINISTRATOR,
        "/admin/webhooks",
        "**/api/webhooks",
        "section.panel > p",  # a fresh node has none
        empty=emptied("webhooks"),
        nothing="Aucun webhook",
    ),
    Screen(
        "audit",
        ADMINISTRATOR,
        "/admin/audit",
        "**/api/admin/audit?*",
        "table.list",
        empty=emptied("rows", next=None),
        nothing="Aucun",
    ),
    Screen(
        "node",
        ADMINISTRATOR,
        "/node",
        "**/api/node",
        "dl",
        part="**/api/node/quarantine?*",
    ),
    Screen(
        "stuck-work",
        ADMINISTRATOR,
        "/node",
        "**/api/node/stuck-work",
        "section[aria-labelledby=stuck] > :is(p, .scroll-x)",
        empty=emptied("work"),
        nothing="Aucun travail en échec",
    ),
    Screen(
        "settle",
        ASKS,
        "/settle",
        "**/api/settle",
        "section.panel",
        empty=emptied("quarantined", "differences", "unidentified", more=False),
        nothing="Chaque examen nomme son patient",
    ),
    Screen(
        "quality",
        ASKS,
        "/quality",
        "**/api/quality",
        "section.panel",
        empty=emptied("rejected", "corrections", more=False),
        nothing="Rien n\N{RIGHT SINGLE QUOTATION MARK}est au rebut",
    ),
    Screen(
        "identity",
        IDENTITY,
        "/identity",
        "**/api/identity/desk",
        "section.panel",
        empty=emptied("doubted", "unidentified", more=False),
        nothing="Chaque examen nomme son patient",
    ),
    Screen(
        "network",
        ADMINISTRATOR,
        "/network",
        "**/api/network",
        "dl",
        empty=emptied("links", "journal"),
        nothing="Aucun événement",
        lives=True,
        stream="**/api/network/events",
    ),
    Screen(
        "board",
        ASKS,
        "/tele",
        "**/api/requests",
        "tr[data-request]",
        empty=emptied("rows"),
        nothing="Aucune demande en cours",
        lives=True,
    ),
    Screen(
        "request",
        ASKS,
        "/tele?request={request}",
        "**/api/requests/{request}",
        "aside header h2",
        lives=True,
    ),
    Screen(
        "request-form",
        ASKS,
        "/tele/new?exam={exam}",
        "**/api/exams/{exam}",
        "form",
        part="**/api/requests/partners?*",
    ),
    Screen(
        "sharing",
        READER,
        "/patients/{person}/exams/{exam}",
        "**/api/exams/{exam}/shares",
        "section[aria-labelledby=shares] > :is(p, ul)",
        empty=emptied("shares"),
        nothing="encore reçu ce résultat",
    ),
)
