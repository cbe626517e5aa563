"""Presentation states: which one is asked for, and which images one is about.

A state is named by `presentationSeriesUID` and `presentationUID`, as WADO-URI does (PS3.18 section
9.1.2.2), or is itself the target of a rendered resource (section 8.3.5).
"""

from collections.abc import Mapping

from archipel.archive.model import Held
from archipel.imaging.errors import NotAnImage
from archipel.imaging.softcopy.reading import STATES, references
from archipel.kernel.errors import Malformed, NotFound
from archipel.kernel.uid import Uid
from archipel.protocols.dicomweb.visits import Visit

SERIES, STATE = "presentationSeriesUID", "presentationUID"
PARAMETERS = (SERIES, STATE)
_ITS_OWN = ("window", "windowCenter", "windowWidth", "region")


def is_state(held: Held) -> bool:
    """Tell whether this is a presentation state that is applied."""
    return held.sop_class.value in STATES


def asked_state(visit: Visit, asked: Mapping[str, str], study: Uid) -> Held | None:
    """Find the state that parameters name. Raises `Malformed`, `NotFound`."""
    if not {SERIES, STATE} & asked.keys():
        return None
    if not asked.get(SERIES) or not asked.get(STATE):
        raise Malformed(f"{SERIES} and {STATE} come together")
    check_alone(asked)
    found = visit.retrieval.instance(study, Uid(asked[SERIES]), Uid(asked[STATE]))
    if not is_state(found):
        raise Malformed(f"{STATE} names no softcopy presentation state that is applied")
    return found


def check_alone(asked: Mapping[str, str]) -> None:
    """Raise `Malformed` for what a state says itself (PS3.18 sections 8.3.5.1.3, 8.3.5.1.4)."""
    if given := next((name for name in _ITS_OWN if name in asked), None):
        raise Malformed(f"a presentation state says itself what {given} would")
    if asked.get("viewport", "").count(",") > 1:
        raise Malformed("a presentation state says itself which region is shown")


def images_of(visit: Visit, state: Held) -> list[tuple[Held, int]]:
    """Find the frames that a state is about, those that are here. Raises `NotAnImage`."""
    found: list[tuple[Held, int]] = []
    for one in references(visit.retrieval.document(state)):
        try:
            held = visit.retrieval.instance(state.key.study, Uid(one.series), Uid(one.instance))
        except NotFound:
            continue
        found += [(held, number) for number in one.frames or range(1, held.frames + 1)]
    if not found:
        raise NotAnImage("no image that this presentation state is about is here")
    return found
