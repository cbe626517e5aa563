"""Which links of a batch can be taken in now: proven by a signed head, causes before effects.

Pure: what is held is given as one `Held` for each log; the store writes what comes out.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from archipel.exchange import chain, hlc
from archipel.exchange.errors import ChainBroken
from archipel.exchange.model import Fact, Head, Link, Stub
from archipel.kernel.errors import Malformed


@dataclass(frozen=True, slots=True)
class Held:
    """How far a log is held: the number needed next, the hash it must follow, whether frozen."""

    next: int = 0
    hash: str = chain.NOTHING
    frozen: bool = False


@dataclass(kw_only=True)
class Sorted:
    """A batch, sorted out."""

    apply: list[Link] = field(default_factory=list)
    fill: list[Fact] = field(default_factory=list)  # facts for stubs that are held
    forks: list[Link] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    known: int = 0
    waiting: int = 0


Kept = Callable[[Link], tuple[str, bool] | None]
"""The hash held at a link's place, and whether only a stub is held there."""


def sort_out(
    links: Iterable[Link],
    *,
    held: Mapping[str, Held],
    kept: Kept,
    proven: Mapping[str, Head],
    now: datetime,
) -> Sorted:
    """Sort out what came in any order, with any repetitions and holes.

    `proven` are heads whose signatures were checked. A link counts only when its log's head
    leads back to it, hash by hash: nobody but the writer can make one, or a fork.
    """
    result = Sorted()
    heads = dict(held)
    pending = _proven(_sound(links, result, now), proven, result)
    pending.sort(key=lambda link: link.order)
    moved = True
    while moved and pending:
        moved, rest = False, []
        for link in pending:
            log = str(link.log)
            place = heads.get(log, Held())
            if place.frozen:
                result.refused.append(f"{log} is frozen: somebody must look at its fork")
            elif link.sequence < place.next:
                _again(link, kept(link), result)
            elif link.sequence > place.next or not _caused(link, heads):
                rest.append(link)
            elif link.previous != place.hash:
                result.forks.append(link)
                heads[log] = Held(place.next, place.hash, frozen=True)
            else:
                result.apply.append(link)
                heads[log] = Held(link.sequence + 1, link.hash)
                moved = True
        pending = rest
    result.waiting += len(pending)
    return result


def _sound(links: Iterable[Link], result: Sorted, now: datetime) -> list[Link]:
    sound = []
    for link in links:
        try:
            chain.check(link)
            late = hlc.moment_of(link.clock) > now + hlc.AHEAD
        except (ChainBroken, Malformed) as broken:
            result.refused.append(str(broken))
            continue
        if late:
            result.refused.append(
                f"{link.log}, fact {link.sequence}: its clock is more than a day ahead"
            )
            continue
        sound.append(link)
    return sound


def _proven(links: Sequence[Link], heads: Mapping[str, Head], result: Sorted) -> list[Link]:
    """Keep the links that a proven head leads back to; the others are refused or wait."""
    places = {(str(link.log), link.hash): link for link in links}
    proven: dict[tuple[str, str], Link] = {}
    for log, head in heads.items():
        sequence, wanted = head.sequence, head.hash
        while (link := places.get((log, wanted))) is not None and link.sequence == sequence:
            proven[log, wanted] = link
            sequence, wanted = sequence - 1, link.previous
    lacking = Counter(log for log, link in places if (log, link) not in proven)
    result.refused += [
        f"{log}: no signed head leads to {count} of its facts" for log, count in lacking.items()
    ]
    result.waiting += lacking.total()
    return list(proven.values())


def _again(link: Link, held: tuple[str, bool] | None, result: Sorted) -> None:
    """Sort a link whose place is held: the same, a stub to be filled, or a fork."""
    if held is None:  # applied in this very batch
        result.known += 1
        return
    kept, only_stub = held
    if kept != link.hash:
        result.forks.append(link)
    elif only_stub and isinstance(link, Fact):
        result.fill.append(link)
    else:
        result.known += 1


def _caused(link: Link, heads: Mapping[str, Held]) -> bool:
    if isinstance(link, Stub):
        return True
    return all(heads.get(log, Held()).next >= count for log, count in link.seen.items())
