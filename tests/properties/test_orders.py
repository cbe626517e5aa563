"""Laws of orders: the sequence in which messages come does not count."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from archipel.kernel.identifiers import Issuer, TenantId
from archipel.orders.model import (
    Change,
    Control,
    OrderNumber,
    OrderStatus,
    Said,
    Start,
    Step,
)
from archipel.orders.place import fold, place
from archipel.orders.ports import Held

TENANT = TenantId("west")
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
PLACER, FILLER = OrderNumber("PL1", Issuer("A")), OrderNumber("FL1", Issuer("B"))
TEXT = st.none() | st.sampled_from(["", "a", "b"])
STEPS = st.none() | st.lists(
    st.builds(
        Step,
        id=st.sampled_from("12"),
        modality=st.just("CT"),
        start=st.builds(Start, st.sampled_from(["", "20260301"])),
    ),
    max_size=2,
).map(tuple)
SAID = st.builds(
    Said,
    reason=TEXT,
    study=TEXT,
    steps=STEPS,
    start=st.none() | st.builds(Start, st.sampled_from(["", "20260302"])),
)


@st.composite
def changes(draw: st.DrawFn) -> list[Change]:
    made = []
    for number in range(draw(st.integers(1, 6))):
        numbers = draw(st.sampled_from([(PLACER, None), (PLACER, FILLER), (None, FILLER)]))
        made.append(
            Change(
                control=draw(st.sampled_from(Control)),
                at=BEGIN + timedelta(seconds=draw(st.integers(0, 3))),
                control_id=str(number),
                placer=numbers[0],
                filler=numbers[1],
                status=draw(st.none() | st.sampled_from(OrderStatus)),
                said=draw(SAID),
            )
        )
    if not any(one.placer and one.filler for one in made):  # nobody says that they are one
        made = [one for one in made if one.placer == made[0].placer]
    return made


class Book:
    """Orders in memory."""

    def __init__(self) -> None:
        self.held: dict[str, Held] = {}

    def holding(self, *, placer, filler, tenant):
        assert tenant == TENANT
        return [
            one
            for one in self.held.values()
            if (placer and one.order.placer == placer) or (filler and one.order.filler == filler)
        ]

    def keep(self, held: Held, *, now) -> None:
        assert now == BEGIN
        self.held[held.order.id] = held

    def absorb(self, order, *, tenant) -> None:
        assert tenant == TENANT
        del self.held[order]


@given(changes(), st.randoms(use_true_random=False))
def test_an_order_is_the_same_whatever_the_sequence_of_its_messages(made, chance) -> None:
    shuffled = list(made)
    chance.shuffle(shuffled)
    ends = []
    for sequence in (made, shuffled, [*shuffled, *made]):
        book = Book()
        for change in sequence:
            place(change, tenant=TENANT, book=book, now=BEGIN)
        (held,) = book.held.values()
        ends.append(fold(held.changes, name="same", tenant=TENANT))

    assert ends[0] == ends[1] == ends[2]


@given(changes())
def test_nothing_but_a_new_order_opens_what_was_cancelled(made) -> None:
    last = BEGIN + timedelta(days=1)
    cancel = Change(
        control=Control.CANCEL,
        at=last,
        control_id="c",
        placer=PLACER,
        filler=None,
        status=None,
        said=Said(),
    )
    later = [
        Change(
            control=one.control,
            at=last + timedelta(hours=1),
            control_id=f"{one.control_id}-later",
            placer=one.placer,
            filler=one.filler,
            status=one.status,
            said=one.said,
        )
        for one in made
        if one.control is not Control.NEW
    ]

    assert not fold([*later, cancel, *made], name="x", tenant=TENANT).status.is_open
