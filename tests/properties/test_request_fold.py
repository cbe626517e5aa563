"""Claims and signed reports of one request, whatever happened: what must never go unseen."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from archipel.exchange import chain, hlc
from archipel.exchange.fold.requests import fold
from archipel.exchange.model import Author, Draft, Fact, LogName, NodeName
from archipel.kernel.identifiers import TenantId

NOW = datetime(2026, 11, 24, 2, 40, tzinfo=UTC)
HOME, READERS = "gy", ("mq", "fr")
SUBJECT = f"request:{HOME}:1"
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["claim", "confirm", "release", "sign", "sign stale", "choose"]),
        st.sampled_from(READERS),
        st.integers(0, 7),
    ),
    max_size=24,
)


class History:
    """Facts of three nodes that hear of each other at once, or only of themselves in a cut."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.fence = 0

    def state(self, node: str, kind: str, body: dict[str, Any]) -> None:
        log = LogName(NodeName(node), 1)
        own = [one for one in self.facts if one.log == log]
        draft = Draft(
            kind=kind,
            subject=SUBJECT,
            tenant=TenantId("ch-ouest"),
            body=body,
            author=Author(subject="x"),
            home=NodeName(HOME),
        )
        seen: dict[str, int] = {}
        for one in self.facts:
            if one.log != log:
                seen[str(one.log)] = max(seen.get(str(one.log), 0), one.sequence + 1)
        self.facts.append(
            chain.write(
                draft,
                log=log,
                sequence=len(own),
                clock=hlc.after("", NodeName(node), now=NOW + timedelta(seconds=len(self.facts))),
                seen=seen,
                previous=own[-1].hash if own else chain.NOTHING,
            )
        )

    def of(self, kind: str) -> list[Fact]:
        return [one for one in self.facts if one.kind == kind]

    def step(self, what: str, node: str, choice: int) -> None:
        claims = self.of("request.claimed")
        own = [one for one in claims if one.log.node.value == node]
        signed = self.of("report.signed")
        match what:
            case "claim":
                claim = {"claim": f"{node}-{len(own) + 1}"}
                self.state(node, "request.claimed", claim)
            case "confirm" if claims:
                self.fence += 1
                claim = {"claim": claims[choice % len(claims)].body["claim"]}
                self.state(HOME, "request.confirmed", {**claim, "fence": self.fence})
            case "release" if own:
                claim = {"claim": own[choice % len(own)].body["claim"]}
                self.state(node, "request.released", claim)
            case "sign" | "sign stale" if own:
                body = {
                    "document": f"{len(self.facts):064d}",
                    "parents": [],
                    "claim": own[choice % len(own)].body["claim"],
                    "stale": what == "sign stale",
                }
                self.state(node, "report.signed", body)
            case "choose" if signed:
                body = {"principal": signed[choice % len(signed)].body["document"]}
                self.state(HOME, "request.reconciled", body)


def lived(steps: Sequence[tuple[str, str, int]]) -> History:
    history = History()
    for step in steps:
        history.step(*step)
    return history


@given(STEPS, st.integers(0, 99))
def test_the_order_of_arrival_changes_nothing(
    steps: list[tuple[str, str, int]], seed: int
) -> None:
    told = lived(steps).facts
    shuffled = list(told)
    random.Random(seed).shuffle(shuffled)  # noqa: S311  (an order, not a secret)
    assert fold(shuffled) == fold(told)


@given(STEPS)
def test_no_report_is_dropped_and_no_choice_that_nobody_made_goes_unseen(
    steps: list[tuple[str, str, int]],
) -> None:
    history = lived(steps)
    folded, signed = fold(history.facts), history.of("report.signed")
    kept = [one for one in (folded.principal, *folded.additional) if one is not None]
    assert {d for one in kept for d in one.documents} == {f.body["document"] for f in signed}
    chosen = history.of("request.reconciled")
    settled = bool(chosen) and all(chosen[-1].knew(one) for one in signed)
    if len(signed) > 1 and not settled:
        assert folded.conflict
    if not signed or settled:
        assert not folded.conflict


@given(STEPS)
def test_a_report_under_a_lost_claim_is_principal_only_where_somebody_chose_it(
    steps: list[tuple[str, str, int]],
) -> None:
    history = lived(steps)
    folded = fold(history.facts)
    chosen = {one.body["principal"] for one in history.of("request.reconciled")}
    stale = {f.body["document"] for f in history.of("report.signed") if f.body["stale"]}
    if folded.principal is not None and not folded.principal.documents & chosen:
        assert not folded.principal.documents & stale
    if stale - chosen and not chosen:
        assert folded.conflict


@given(STEPS)
def test_an_older_confirmed_claim_never_comes_back(steps: list[tuple[str, str, int]]) -> None:
    history = lived(steps)
    winner = fold(history.facts).winner
    confirmed = {f.body["claim"]: f.body["fence"] for f in history.of("request.confirmed")}
    if winner is not None and winner.body["claim"] in confirmed:
        assert confirmed[winner.body["claim"]] == max(confirmed.values())


def test_who_took_over_and_gives_back_does_not_leave_the_exam_to_the_one_before() -> None:
    history = lived([("claim", "mq", 0), ("confirm", "mq", 0), ("claim", "mq", 0)])
    history.step("confirm", "mq", 1)
    history.step("release", "mq", 1)
    assert fold(history.facts).winner is None


def test_a_claim_that_was_taken_over_before_home_heard_of_it_does_not_come_back() -> None:
    history = lived([("claim", "mq", 0), ("claim", "mq", 0), ("release", "mq", 1)])
    assert fold(history.facts).winner is None


def test_a_report_signed_behind_a_higher_fence_is_flagged_and_not_principal() -> None:
    history = lived([("claim", "mq", 0), ("confirm", "mq", 0), ("claim", "fr", 0)])
    history.step("confirm", "fr", 1)
    history.step("sign", "mq", 0)
    folded = fold(history.facts)
    assert folded.principal is None
    assert folded.conflict
    history.step("choose", "mq", 0)
    assert fold(history.facts).principal is not None
    assert not fold(history.facts).conflict


def test_a_report_by_another_than_the_confirmed_reader_stands_flagged() -> None:
    history = lived([("claim", "mq", 0), ("claim", "fr", 0), ("confirm", "mq", 0)])
    history.step("sign", "fr", 0)
    folded = fold(history.facts)
    assert folded.principal is not None
    assert folded.conflict
