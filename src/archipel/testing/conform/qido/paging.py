"""Pages of results (PS3.18 section 8.3.4.4)."""

from archipel.testing.conform.model import Group, Trial, claim
from archipel.testing.conform.phantoms import study_path
from archipel.testing.conform.server import JSON

group = Group("page", "QIDO-RS: pages of results")


def _path(trial: Trial) -> str:
    return f"{study_path(trial.sent.cine)}/instances"


def _uids(trial: Trial, **pairs: str) -> list[str]:
    found = trial.server.search(_path(trial), list(pairs.items()))
    return [one["00080018"]["Value"][0] for one in found]


@group.must("8.3.4.4", "`limit` bounds the number of results")
def limit(trial: Trial) -> None:
    """Ask for two of six."""
    claim(len(_uids(trial, limit="2")) == 2, "not 2 results")


@group.must("8.3.4.4", "`offset` passes over results")
def offset(trial: Trial) -> None:
    """Pass over two of six."""
    claim(len(_uids(trial, offset="2", limit="50")) == 4, "not 4 results")


@group.must("8.3.4.4", "pages hold each result once")
def pages(trial: Trial) -> None:
    """Walk through in pages of two."""
    seen: list[str] = []
    for start in ("0", "2", "4"):
        seen += _uids(trial, limit="2", offset=start)
    claim(
        sorted(seen) == sorted(str(one.SOPInstanceUID) for one in trial.sent.first),
        "not each once",
    )


@group.must("8.3.4.4", "the order of the results is the same each time")
def order(trial: Trial) -> None:
    """Ask twice."""
    claim(_uids(trial, limit="50") == _uids(trial, limit="50"), "the order changed")


@group.must("8.3.4.4", "an offset beyond the last result finds nothing")
def beyond(trial: Trial) -> None:
    """Pass over more than there are."""
    claim(not _uids(trial, offset="1000"), "something was found")


@group.must("8.3.4.4", "a Warning 299 tells that more results remain")
def remaining(trial: Trial) -> None:
    """Ask for two of six."""
    answer = trial.server.get(_path(trial), {"limit": "2"}, accept=JSON).wanted()
    claim("299" in answer.headers.get("warning", ""), "no Warning 299")


@group.must("8.3.4.4", "the Warning says how many remain")
def how_many_remain(trial: Trial) -> None:
    """Ask for two of six and read the number."""
    answer = trial.server.get(_path(trial), {"limit": "2"}, accept=JSON).wanted()
    said = answer.headers.get("warning", "")
    claim("4 additional results" in said, f"Warning is {said[:80]!r}")


@group.must("8.3.4.4", "no Warning comes when no result remains")
def nothing_remains(trial: Trial) -> None:
    """Ask for all."""
    answer = trial.server.get(_path(trial), {"limit": "50"}, accept=JSON).wanted()
    claim("additional" not in answer.headers.get("warning", ""), "a Warning says that more remain")


@group.must("8.3.4.4", "a limit that is no number is refused with 400")
def limit_that_is_none(trial: Trial) -> None:
    """Ask for `x` results."""
    trial.server.get(_path(trial), {"limit": "x"}, accept=JSON).wanted(400)


@group.must("8.3.4.4", "a negative offset is refused with 400")
def offset_that_is_none(trial: Trial) -> None:
    """Pass over -1 results."""
    trial.server.get(_path(trial), {"offset": "-1"}, accept=JSON).wanted(400)
