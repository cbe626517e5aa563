"""What a client may keep (PS3.18 section 8.4, RFC 9110 sections 8.8, 13 and 14, RFC 9111)."""

from archipel.testing.conform.model import Group, NotOffered, Run, Trial, claim
from archipel.testing.conform.phantoms import instance_path, ramp, study_path
from archipel.testing.conform.server import DICOM, JSON, OCTETS, Answer, related
from archipel.testing.conform.wado.images import JPEG

group = Group("caching", "HTTP: caching and ranges")
RESOURCES = {
    "metadata": ("/metadata", JSON),
    "frame": ("/frames/1", OCTETS),
    "rendered": ("/rendered", JPEG),
    "thumbnail": ("/thumbnail", JPEG),
    "instance": ("", related(DICOM, "*")),
}


def _get(trial: Trial, resource: str, **headers: str) -> Answer:
    path, accept = RESOURCES[resource]
    whole = f"{instance_path(trial.sent.slices[0])}{path}"
    return trial.server.get(whole, (), accept=accept, **headers)


def _tag(answer: Answer) -> str:
    tag: str = answer.wanted().headers.get("etag", "")
    if not tag:
        raise NotOffered("there is no ETag")
    return tag


def _not_modified(resource: str) -> Run:
    def run(trial: Trial) -> None:
        tag = _tag(_get(trial, resource))
        again = _get(trial, resource, If_None_Match=tag).wanted(304)
        claim(not again.body, "304 has a body")

    return run


for _name in RESOURCES:
    group.add(
        f"not-modified-{_name}",
        "8.4",
        f"what a client has of a {_name} is not sent again: ETag and 304",
        _not_modified(_name),
        required=False,
    )


@group.may("8.4", "another entity tag is no reason for 304")
def modified(trial: Trial) -> None:
    """Name a tag that was never given."""
    _tag(_get(trial, "metadata"))
    _get(trial, "metadata", If_None_Match='"other"').wanted(200)


@group.may("8.4", "two representations of one resource have two entity tags")
def two_forms(trial: Trial) -> None:
    """Compare the tag of a JPEG with that of a PNG."""
    path = f"{instance_path(trial.sent.slices[0])}/rendered"
    first = _tag(trial.server.get(path, accept=JPEG))
    claim(first != _tag(trial.server.get(path, accept="image/png")), "they share one tag")


@group.may("8.4", "answers that depend on Accept say so: `Vary`")
def vary(trial: Trial) -> None:
    """Look for Vary."""
    said = _get(trial, "metadata").wanted().headers.get("vary", "")
    if not said:
        raise NotOffered("there is no Vary")
    claim("accept" in said.lower(), f"Vary says {said}")


@group.may("8.4", "how long an answer may be kept is told: `Cache-Control`")
def cache_control(trial: Trial) -> None:
    """Look for Cache-Control."""
    if not _get(trial, "frame").wanted().headers.get("cache-control"):
        raise NotOffered("there is no Cache-Control")


@group.may("8.4", "no shared cache may keep what tells of patients")
def private(trial: Trial) -> None:
    """Look for `private` or `no-store`."""
    said = _get(trial, "metadata").wanted().headers.get("cache-control", "")
    if not said:
        raise NotOffered("there is no Cache-Control")
    claim("private" in said or "no-store" in said, f"Cache-Control says {said}")


@group.may("8.4", "the end of a frame can be asked for alone")
def suffix(trial: Trial) -> None:
    """Ask for the last ten bytes."""
    answer = _get(trial, "frame", Range="bytes=-10").wanted(200, 206)
    if answer.status == 200:
        raise NotOffered("the range was passed over")
    claim(answer.body == ramp(1).tobytes()[-10:], "another piece came")


@group.may("8.4", "a range beyond the end is 416")
def unsatisfiable(trial: Trial) -> None:
    """Ask for what is not there."""
    if _get(trial, "frame", Range="bytes=0-1").status == 200:
        raise NotOffered("ranges are passed over")
    _get(trial, "frame", Range="bytes=9000000-").wanted(416)


@group.may("8.4", "a range of what has changed meanwhile is not given: `If-Range`")
def if_range(trial: Trial) -> None:
    """Name a tag that was never given."""
    if _get(trial, "frame", Range="bytes=0-1").status == 200:
        raise NotOffered("ranges are passed over")
    _get(trial, "frame", Range="bytes=0-1", If_Range='"other"').wanted(200)


@group.must("8.4", "a series whose study grew is not answered from what was kept")
def search_is_fresh(trial: Trial) -> None:
    """Look at the caching of a search."""
    path = f"{study_path(trial.sent.cine)}/series"
    said = trial.server.get(path, accept=JSON).wanted().headers.get("cache-control", "")
    claim("max-age" not in said or "max-age=0" in said, f"Cache-Control says {said}")
