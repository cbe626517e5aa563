"""How a picture is asked for: the query parameters of PS3.18 section 8.3.5."""

import re

from archipel.imaging.model import VoiFunction, Window
from archipel.imaging.wishes import Viewport
from archipel.kernel.errors import Malformed
from archipel.protocols.dicomweb.problem import NotAcceptable
from archipel.protocols.dicomweb.visits import Visit

MAX_SIDE = 8192
BEST = 100  # quality

_NUMBER = r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?(?:[eE][+-]?[0-9]{1,2})?"
_NUMBERS = re.compile(rf"{_NUMBER}(?:,{_NUMBER})*")


def window_asked(visit: Visit) -> Window | None:
    """`window=center,width,function` (PS3.18 8.3.5.1.4); the function may be left out."""
    text = visit.request.query_params.get("window")
    if text is None:
        return None
    first, second, *named = text.split(",") if "," in text else (text, "")
    if len(named) > 1:
        raise Malformed("window is center,width,function")
    center, width = _numbers(f"{first},{second}", "window")
    try:
        function = VoiFunction(named[0].strip().lower() if named else "linear")
    except ValueError as failure:
        raise Malformed("a window's function is linear, linear-exact or sigmoid") from failure
    if width < (1 if function is VoiFunction.LINEAR else 1e-9):
        raise Malformed("a linear window is at least 1 wide, another wider than 0")
    return Window(center=center, width=width, function=function)


def viewport_asked(visit: Visit) -> Viewport | None:
    """`viewport=vw,vh[,sx,sy,sw,sh]` (PS3.18 8.3.5.1.3)."""
    text = visit.request.query_params.get("viewport")
    if text is None:
        return None
    numbers = _numbers(text, "viewport")
    if len(numbers) not in {2, 6}:
        raise Malformed("viewport is vw,vh or vw,vh,sx,sy,sw,sh")
    if not all(1 <= side <= MAX_SIDE for side in numbers[:2]):
        raise Malformed(f"a viewport's sides are 1 to {MAX_SIDE} pixels")
    width, height, *region = numbers
    if region and (min(region[:2]) < 0 or min(region[2:]) <= 0):
        raise Malformed("a viewport's region has positive sides within the image")
    return Viewport(
        width=int(width),
        height=int(height),
        region=(region[0], region[1], region[2], region[3]) if region else None,
    )


def _numbers(text: str, name: str) -> tuple[float, ...]:
    if not _NUMBERS.fullmatch(text):
        raise Malformed(f"{name} holds numbers separated by commas")
    return tuple(float(number) for number in text.split(","))


def quality_asked(visit: Visit) -> int:
    """`quality=1..100` (PS3.18 8.3.5.1.2)."""
    text = visit.request.query_params.get("quality", "90")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= BEST):
        raise Malformed("quality is 1 to 100")
    return int(text)


def profile_asked(visit: Visit) -> None:
    """`iccprofile=no` (PS3.18 8.3.5.1.5): pictures carry no profile. Raises `Malformed`."""
    asked = visit.request.query_params.get("iccprofile", "no")
    if asked not in {"no", "yes", "srgb", "adobergb", "rommrgb"}:
        raise Malformed("iccprofile is no, yes, srgb, adobergb or rommrgb")
    if asked != "no":
        raise NotAcceptable("pictures carry no colour profile: ask with iccprofile=no")


def annotation_asked(visit: Visit) -> tuple[str, ...]:
    """`annotation=patient,technique` (PS3.18 8.3.5.1.1). Raises `Malformed`."""
    return annotations(visit.request.query_params.get("annotation", ""))


def annotations(text: str) -> tuple[str, ...]:
    """Read which annotations are asked for. Raises `Malformed`."""
    asked = set(filter(None, text.split(",")))
    if not asked <= {"patient", "technique"}:
        raise Malformed("annotation is patient, technique or both")
    return tuple(sorted(asked))  # in one order: the entity tag is made of it
