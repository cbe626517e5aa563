"""Thumbnails (PS3.18 section 10.4.1.1.4)."""

from archipel.testing.conform.model import Group, NotOffered, Run, Trial, claim
from archipel.testing.conform.phantoms import (
    fresh_uid,
    instance_path,
    series_path,
    study_path,
)
from archipel.testing.conform.wado.images import JPEG, PNG, opened

group = Group("thumbnail", "WADO-RS: thumbnails")


def _run(level: str) -> Run:
    def run(trial: Trial) -> None:
        cine = trial.sent.cine
        path = {
            "study": study_path(cine),
            "series": series_path(cine),
            "instance": instance_path(cine),
            "frame": f"{instance_path(cine)}/frames/2",
        }[level]
        answer = trial.server.get(f"{path}/thumbnail", accept=JPEG).wanted().of(JPEG)
        opened(answer.body, JPEG)

    return run


for _level in ("study", "series", "instance", "frame"):
    group.add(
        _level, "10.4.1.1.4", f"at {_level} level there is a thumbnail, a JPEG", _run(_level)
    )


@group.must("10.4.4", "without a wish, a thumbnail is a JPEG")
def default_form(trial: Trial) -> None:
    """Say nothing of media types."""
    trial.server.get(f"{study_path(trial.sent.cine)}/thumbnail", accept="*/*").wanted().of(JPEG)


@group.may("8.7.4", "a thumbnail is a PNG for one who wants that")
def png(trial: Trial) -> None:
    """Ask for PNG."""
    path = f"{series_path(trial.sent.cine)}/thumbnail"
    opened(trial.server.get(path, accept=PNG).wanted().of(PNG).body, PNG)


@group.may("8.3.5.1.3", "`viewport` bounds a thumbnail")
def viewport(trial: Trial) -> None:
    """Ask for a small one."""
    path = f"{series_path(trial.sent.cine)}/thumbnail"
    answer = trial.server.get(path, {"viewport": "16,16"}, accept=JPEG).wanted()
    size = opened(answer.body, JPEG).size
    if max(size) > 16:
        raise NotOffered("the viewport was passed over")


@group.must("10.4.3.1", "the thumbnail of an unknown study is 404")
def unknown(trial: Trial) -> None:
    """Ask for what is not there."""
    trial.server.get(f"/studies/{fresh_uid()}/thumbnail", accept=JPEG).wanted(404)


@group.must("10.4.3.1", "the thumbnail of a document is a picture or is refused cleanly")
def of_a_document(trial: Trial) -> None:
    """Ask for the thumbnail of a PDF."""
    path = f"{instance_path(trial.sent.document)}/thumbnail"
    answer = trial.server.get(path, accept=JPEG).wanted(200, 404, 406)
    if answer.status == 200:
        claim(answer.kind == JPEG, "it is no JPEG")
