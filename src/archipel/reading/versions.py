"""Which signed version stands: a function of the set of versions, whatever their order of arrival.

Versions form a graph by `parents`. A version signed under a lost lease never supersedes and never
stands by itself: it is shown beside the principal until somebody with a lease writes upon it. Of
several that stand, the validated come before the preliminary, then the earliest signed is
principal, and all are shown. Where a request for reading has its answer, that reading is
principal.
"""

from collections.abc import Iterable, Mapping

from archipel.reading.document import Choice, Standing, Version
from archipel.reading.model import ReportState


def fold(versions: Iterable[Version], *, choice: Choice | None = None) -> Standing:
    """Say what stands. The same versions in any order give the same answer.

    `choice` is of the request for reading; one that names no version known here says nothing.
    """
    known = {one.digest: one for one in versions}
    live = {digest: one for digest, one in known.items() if one.live}
    written_upon = {
        parent
        for one in live.values()
        for parent in _ancestors(one, live)
        # What was signed under a lost lease does not take the place of anything.
        if not one.stale or live[parent].stale
    }
    heads = sorted((one for digest, one in live.items() if digest not in written_upon), key=_rank)
    firm = [one for one in heads if not one.stale]
    known_choice = choice if choice is not None and choice.digest in live else None
    chosen = [
        one
        for one in heads
        if known_choice is not None and known_choice.digest in {one.digest, *_ancestors(one, live)}
    ]
    return Standing(
        principal=next(iter((*chosen, *firm)), None),
        choice=known_choice,
        heads=tuple(heads),
        versions=tuple(
            sorted(known.values(), key=lambda one: (one.signed_at, one.digest), reverse=True)
        ),
    )


def _rank(one: Version) -> tuple[bool, bool, str, str]:
    preliminary = one.state is ReportState.PRELIMINARY
    return one.stale, preliminary, one.signed_at.isoformat(), one.digest


def _ancestors(one: Version, known: Mapping[str, Version]) -> set[str]:
    """Name what a version was written upon, near and far, as far as it is known here."""
    found: set[str] = set()
    waiting = [parent for parent in one.parents if parent in known]
    while waiting:
        digest = waiting.pop()
        if digest not in found and digest != one.digest:
            found.add(digest)
            waiting.extend(parent for parent in known[digest].parents if parent in known)
    return found
