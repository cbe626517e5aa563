"""Laws of what travels: every chunk once and in order, digests, classes, caps, windows, ETA."""

import contextlib
import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archipel.archive.model import StudyKey
from archipel.exchange.eta import Due, eta
from archipel.exchange.manifest import (
    CHUNK_BYTES,
    DIGEST_BYTES,
    SEGMENT_LIST_BYTES,
    DigestTree,
    Layer,
    PackEntry,
    Span,
    StudyManifest,
    leaf_digests,
    root_of,
    spine_of,
)
from archipel.exchange.plan import plan
from archipel.exchange.schedule import FLOOR, Bucket, Egress, TransferClass, Turns, Waiting
from archipel.exchange.transfer import (
    ENDED,
    UNDER_WAY,
    Happening,
    Lease,
    TransferState,
    WrongBytes,
    after,
    taken,
)
from archipel.exchange.window import LEAST_SLOTS, MOST_SLOTS, Window
from archipel.kernel.errors import Conflict, Malformed
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid

KEY = StudyKey(TenantId("chu-test"), Uid("1.2.3"))
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


@st.composite
def packs(draw: st.DrawFn, number: int = 1) -> PackEntry:
    low = draw(st.integers(0, 5 * CHUNK_BYTES))
    rest = draw(st.integers(0, 60 * CHUNK_BYTES))
    tail = draw(st.integers(1, 3 * CHUNK_BYTES))
    size = 64 + low + rest + tail
    layers = {
        Layer.METADATA: (Span(0, 64), Span(64 + low + rest, tail)),
        Layer.LOW: (Span(64, low),),
        Layer.REST: (Span(64 + low, rest),),
    }
    return PackEntry(
        root=hashlib.sha256(f"{number}{draw(st.integers())}".encode()).hexdigest(),
        series=Uid(f"1.2.3.{number}"),
        generation=1,
        part=0,
        size_bytes=size,
        layers=layers,
    )


@st.composite
def manifests(draw: st.DrawFn) -> StudyManifest:
    count = draw(st.integers(1, 6))
    return StudyManifest(
        home="gp",
        key=KEY,
        revision=draw(st.integers(1, 9)),
        packs=tuple(draw(packs(number)) for number in range(count)),
    )


@given(manifests(), st.sets(st.integers(0, 6)))
def test_a_plan_has_every_chunk_once_layer_by_layer(
    manifest: StudyManifest, asked: set[int]
) -> None:
    first = {Uid(f"1.2.3.{number}") for number in asked}
    steps = list(plan(manifest, first=first))

    chunks = Counter((step.pack, step.chunk) for step in steps)
    whole = {(n, c) for n, pack in enumerate(manifest.packs) for c in range(pack.chunks)}
    assert set(chunks) == whole
    assert set(chunks.values()) == {1}
    order = [Layer.METADATA, Layer.LOW, Layer.REST]
    ranks = [order.index(step.layer) for step in steps]
    assert ranks == sorted(ranks)
    rest = [manifest.packs[s.pack].series in first for s in steps if s.layer is Layer.REST]
    assert rest == sorted(rest, reverse=True)
    for layer in (Layer.METADATA, Layer.LOW):  # all a layer needs is here when the next begins
        until = max((i for i, s in enumerate(steps) if s.layer is layer), default=-1)
        here = {(s.pack, s.chunk) for s in steps[: until + 1]}
        for number, pack in enumerate(manifest.packs):
            needed = {(number, c) for span in pack.layers[layer] for c in span.chunks}
            if layer is Layer.METADATA or until >= 0:
                assert needed <= here


@given(manifests())
def test_a_manifest_comes_back_from_its_bytes(manifest: StudyManifest) -> None:
    assert StudyManifest.parse(manifest.encoded()) == manifest


@given(manifests(), st.data())
def test_a_manifest_that_was_touched_is_read_or_refused_in_words(
    manifest: StudyManifest, data: st.DataObject
) -> None:
    content = bytearray(manifest.encoded())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Malformed):
        StudyManifest.parse(bytes(content))


@given(st.binary(max_size=2000))
def test_no_bytes_at_all_break_the_reader_of_manifests(content: bytes) -> None:
    with pytest.raises(Malformed):
        StudyManifest.parse(content)


@given(st.integers(1, 200), st.integers(1, CHUNK_BYTES), st.data())
@settings(max_examples=40)
def test_digests_are_believed_only_as_the_root_says(
    chunks: int, last: int, data: st.DataObject
) -> None:
    size = (chunks - 1) * CHUNK_BYTES + last
    leaves = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(chunks))
    spine = spine_of(leaves)
    pack = PackEntry(
        root=root_of(size, spine),
        series=Uid("1.2"),
        generation=1,
        part=0,
        size_bytes=size,
        layers={},
    )
    tree = DigestTree(pack)
    tree.accept_spine(spine)
    for segment in range(pack.segments):
        listed = leaves[segment * SEGMENT_LIST_BYTES : (segment + 1) * SEGMENT_LIST_BYTES]
        wrong = bytearray(listed)
        wrong[data.draw(st.integers(0, len(listed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        with pytest.raises(Malformed):
            tree.accept_list(segment, bytes(wrong))
        tree.accept_list(segment, listed)
    assert b"".join(tree.leaf(n) or b"" for n in range(chunks)) == leaves
    bent = bytearray(spine)
    bent[data.draw(st.integers(0, len(spine) - 1))] ^= 1
    with pytest.raises(Malformed):
        DigestTree(pack).accept_spine(bytes(bent))
    with pytest.raises(Malformed):
        tree.accept_list(pack.segments, leaves[:DIGEST_BYTES])


def test_a_chunk_is_held_against_its_digest_and_length() -> None:
    pieces = [bytes([n]) * CHUNK_BYTES for n in range(3)] + [b"end"]
    leaves = leaf_digests(pieces)
    size = sum(map(len, pieces))
    pack = PackEntry(
        root=root_of(size, spine_of(leaves)),
        series=Uid("1.2"),
        generation=1,
        part=0,
        size_bytes=size,
        layers={},
    )
    tree = DigestTree(pack)
    tree.accept_spine(spine_of(leaves))
    assert not tree.holds(0, pieces[0])
    tree.accept_list(0, leaves)
    assert all(tree.holds(n, piece) for n, piece in enumerate(pieces))
    assert not tree.holds(3, b"enD")
    assert not tree.holds(0, pieces[1])
    assert not tree.holds(0, pieces[0][:-1])


classes = st.sampled_from(list(TransferClass))


@given(st.lists(st.sets(classes, min_size=1), min_size=1, max_size=200))
def test_the_most_urgent_goes_first_but_for_the_floor(rounds: list[set[TransferClass]]) -> None:
    turns = Turns()
    for number, waiting in enumerate(rounds, start=1):
        chosen = turns.choose(waiting)
        urgent = min(waiting, key=lambda one: one.rank)
        if number % FLOOR == 0 and len(waiting) > 1:
            assert chosen is not urgent
        else:
            assert chosen is urgent


@given(st.sets(classes, min_size=2))
def test_no_class_starves(waiting: set[TransferClass]) -> None:
    turns = Turns()
    seen = {turns.choose(waiting) for _ in range(FLOOR * len(waiting))}
    assert seen == waiting


@given(
    st.floats(1e4, 1e7),
    st.lists(st.tuples(st.integers(1, 1 << 17), st.floats(0, 2)), min_size=1, max_size=60),
)
def test_a_cap_is_never_passed_by_more_than_a_burst(
    rate: float, pieces: list[tuple[int, float]]
) -> None:
    bucket, now_s, sent, began = Bucket(rate), 100.0, 0, 100.0
    for size, pause_s in pieces:
        now_s += pause_s
        wait_s = bucket.wait_s(size, now_s=now_s)
        if wait_s > 0:
            now_s += wait_s * 1.000001
        assert bucket.wait_s(size, now_s=now_s) <= 1e-6
        assert sent <= rate * (now_s - began) + bucket.burst_bytes * (1 + 1e-6) + 1
        bucket.spend(size, now_s=now_s)
        sent += size


@given(
    st.lists(
        st.tuples(st.sampled_from(["mq", "gf", "metro"]), classes, st.integers(1, 70_000)),
        min_size=1,
        max_size=80,
    )
)
def test_everything_that_waits_goes_once_and_in_its_class_in_order(
    put: list[tuple[str, TransferClass, int]],
) -> None:
    egress: Egress[int] = Egress()
    for number, (peer, of_class, size) in enumerate(put):
        egress.put(Waiting(peer, of_class, size, number))
    gone = []
    while (one := egress.next(now_s=0.0)) is not None:
        assert isinstance(one, Waiting)
        gone.append(one)
    assert sorted(one.item for one in gone) == list(range(len(put)))
    assert egress.queued_bytes == 0
    for key in {(one.peer, one.of_class) for one in gone}:
        mine = [one.item for one in gone if (one.peer, one.of_class) == key]
        assert mine == sorted(mine)


def test_two_peers_of_a_class_are_given_alike() -> None:
    egress: Egress[None] = Egress()
    for peer, size, count in (("greedy", 65_536, 400), ("modest", 8_192, 3200)):
        for _ in range(count):
            egress.put(Waiting(peer, TransferClass.ROUTINE, size, None))
    given_bytes: Counter[str] = Counter()
    while sum(given_bytes.values()) < 20_000_000:
        one = egress.next(now_s=0.0)
        assert isinstance(one, Waiting)
        given_bytes[one.peer] += one.size_bytes
    assert max(given_bytes.values()) / min(given_bytes.values()) < 1.1


def test_a_peer_that_was_away_has_saved_nothing_up() -> None:
    egress: Egress[None] = Egress()
    for _ in range(100):
        egress.put(Waiting("first", TransferClass.STAT, 1000, None))
    for _ in range(50):
        egress.next(now_s=0.0)
    for _ in range(100):
        egress.put(Waiting("late", TransferClass.STAT, 1000, None))
    some = [egress.next(now_s=0.0) for _ in range(40)]
    assert 15 <= sum(isinstance(one, Waiting) and one.peer == "late" for one in some) <= 25


@given(
    st.lists(st.tuples(st.integers(0, 1 << 22), st.floats(0.001, 5)), max_size=60),
    st.lists(st.floats(0.0001, 3), max_size=10),
    st.one_of(st.none(), st.floats(1e4, 1e8)),
)
def test_a_window_stays_within_its_bounds_and_below_the_line(
    bytes_seen: list[tuple[int, float]], answers: list[float], line: float | None
) -> None:
    window, now_s = Window(line_bytes_per_s=line), 0.0
    for after_s in answers:
        window.answered(after_s)
    for size, pause_s in bytes_seen:
        now_s += pause_s
        window.took(size, at_s=now_s)
        assert LEAST_SLOTS <= window.slots <= MOST_SLOTS
        if line is not None:
            assert window.rate_bytes_per_s <= line
    assert window.late_s >= 3.0


def test_a_steady_link_is_asked_for_six_times_what_it_holds() -> None:
    window = Window()
    window.answered(0.6)
    for step in range(200):
        window.took(25_000, at_s=step * 0.1)  # 2 Mbit/s
    assert window.rate_bytes_per_s == pytest.approx(250_000, rel=0.05)
    assert window.slots == max(LEAST_SLOTS, int(6 * 250_000 * 0.6 / CHUNK_BYTES) + 1)


def test_a_line_that_moved_is_measured_anew() -> None:
    window = Window()
    window.answered(0.07)
    window.moved()
    assert window.rtt_s == 0.07
    window.answered(1.8)
    window.answered(0.61)
    assert window.rtt_s == 0.61
    assert window.late_s == pytest.approx(8 * 0.61)


def test_a_burst_within_five_answer_times_is_not_believed() -> None:
    window = Window()
    window.answered(0.6)
    window.took(0, at_s=0.0)
    window.took(5_000_000, at_s=0.5)  # a head of line let go at once
    assert window.rate_bytes_per_s == 0
    window.took(0, at_s=3.1)
    assert window.rate_bytes_per_s == pytest.approx(5_000_000 / 3.1)


dues = st.builds(
    Due,
    id=st.uuids().map(str),
    of_class=classes,
    wanted_at=st.integers(0, 1000).map(lambda s: NOW + timedelta(seconds=s)),
    remaining_bytes=st.integers(0, 10**9),
)


@given(st.lists(dues, min_size=1, max_size=20, unique_by=lambda one: one.id))
def test_etas_follow_the_order_of_service(every: list[Due]) -> None:
    ordered = sorted(every, key=lambda one: (one.of_class.rank, one.wanted_at, one.id))
    times = [eta(one, every, rate_bytes_per_s=2.5e6) for one in ordered]
    assert all(a is not None and b is not None and a <= b for a, b in pairwise(times))
    total = timedelta(seconds=sum(one.remaining_bytes for one in every) / 2.5e6)
    assert times[-1] is not None
    assert abs(times[-1] - total) < timedelta(seconds=0.001)


def test_without_a_rate_there_is_no_eta() -> None:
    due = Due(id="a", of_class=TransferClass.STAT, wanted_at=NOW, remaining_bytes=1)
    assert eta(due, [due], rate_bytes_per_s=0) is None


@given(st.lists(st.sampled_from(list(Happening)), max_size=60))
def test_a_transfer_ends_once_and_publishes_only_what_was_whole(
    happenings: list[Happening],
) -> None:
    state, was_whole = TransferState.WANTED, False
    for happening in happenings:
        try:
            following = after(state, happening)
        except Conflict:
            continue
        was_whole = was_whole or following is TransferState.WHOLE
        if following is TransferState.PUBLISHED:
            assert was_whole
        if state is TransferState.PUBLISHED:
            assert following is TransferState.PUBLISHED
        if state is TransferState.CANCELLED and following is not TransferState.CANCELLED:
            assert (happening, following) == (Happening.RETRIED, TransferState.WANTED)
            was_whole = False  # a person took the cancelling back: it begins anew
        state = following
    assert state in UNDER_WAY | ENDED | {TransferState.WHOLE}


def test_a_lease_is_one_holders_until_it_runs_out() -> None:
    held = taken(None, "a", now=NOW)
    assert taken(held, "a", now=NOW + timedelta(seconds=10)).until > held.until
    with pytest.raises(Conflict):
        taken(held, "b", now=NOW + timedelta(seconds=29))
    assert taken(held, "b", now=held.until) == Lease(
        holder="b", until=held.until + timedelta(seconds=30)
    )


def test_a_wrong_chunk_is_asked_for_once_more_and_no_further() -> None:
    wrong = WrongBytes.none()
    assert wrong.again("root", 3)
    assert wrong.again("root", 4)
    assert not wrong.again("root", 3)
