"""What a client accepts and what it is given (PS3.18 sections 8.3.3, 8.4.1 and 8.7.8)."""

from archipel.testing.conform.model import Group, Trial, claim
from archipel.testing.conform.phantoms import EXPLICIT, RLE, instance_path, series_path
from archipel.testing.conform.server import DICOM, JSON, OCTETS, XML, related
from archipel.testing.conform.wado.instances import read

group = Group("accept", "WADO-RS: negotiation")


@group.must("8.7.8", "instances in no acceptable form are 406")
def unacceptable_instances(trial: Trial) -> None:
    """Ask for instances as text."""
    trial.server.get(instance_path(trial.sent.slices[0]), accept="text/csv").wanted(406)


@group.must("8.7.8", "metadata in no acceptable form are 406")
def unacceptable_metadata(trial: Trial) -> None:
    """Ask for metadata as a picture."""
    path = f"{instance_path(trial.sent.slices[0])}/metadata"
    trial.server.get(path, accept="image/png").wanted(406)


@group.must("8.7.8", "frames in no acceptable form are 406")
def unacceptable_frames(trial: Trial) -> None:
    """Ask for native frames as JPEG XL."""
    path = f"{instance_path(trial.sent.slices[0])}/frames/1"
    trial.server.get(path, accept="text/csv").wanted(406)


@group.must("8.7.8", "rendered pictures in no acceptable form are 406")
def unacceptable_rendered(trial: Trial) -> None:
    """Ask for a picture as DICOM JSON."""
    path = f"{instance_path(trial.sent.slices[0])}/rendered"
    trial.server.get(path, accept="text/csv").wanted(406)


@group.must("8.7.8", "of two transfer syntaxes, one that can be had is given")
def second_best(trial: Trial) -> None:
    """Like JPEG XL best, accept native."""
    wishes = f"{related(DICOM, '1.2.840.10008.1.2.4.112')}; q=1, {related(DICOM, EXPLICIT)}; q=0.5"
    path = instance_path(trial.sent.slices[0])
    parts = trial.server.get(path, accept=wishes).wanted().parts()
    claim(read(parts[0].content).file_meta.TransferSyntaxUID == EXPLICIT, "another was given")


@group.must("8.7.8", "what is stored in a syntax that is also accepted is not refused")
def either(trial: Trial) -> None:
    """Accept RLE or native of what is in RLE."""
    wishes = f"{related(DICOM, EXPLICIT)}; q=0.5, {related(DICOM, RLE)}; q=1"
    parts = trial.server.get(instance_path(trial.sent.colour), accept=wishes).wanted().parts()
    found = read(parts[0].content).file_meta.TransferSyntaxUID
    claim(found in {RLE, EXPLICIT}, "another was given")


@group.must("8.7.4", "media types are read whatever their case")
def case(trial: Trial) -> None:
    """Ask for JSON in capitals."""
    path = f"{instance_path(trial.sent.slices[0])}/metadata"
    trial.server.get(path, accept="Application/DICOM+JSON").wanted().of(JSON)


@group.must("8.7.3", "the media type of the parts may be written without quotes")
def unquoted(trial: Trial) -> None:
    """Ask as many clients do."""
    path = f"{instance_path(trial.sent.slices[0])}/frames/1"
    accept = f"multipart/related; type={OCTETS}"
    trial.server.get(path, accept=accept).wanted().of("multipart/related")


@group.must("8.3.3.1", "the query parameter `accept` names the form of metadata")
def accept_parameter(trial: Trial) -> None:
    """Say the media type in the query only."""
    path = f"{series_path(trial.sent.slices[0])}/metadata"
    trial.server.get(path, {"accept": JSON}, accept="*/*").wanted().of(JSON)


@group.may("8.3.3.1", "the query parameter `accept` names XML")
def accept_parameter_xml(trial: Trial) -> None:
    """Say multipart XML in the query only."""
    path = f"{series_path(trial.sent.slices[0])}/metadata"
    answer = trial.server.get(path, {"accept": related(XML)}, accept="*/*").wanted()
    claim(answer.parts()[0].kind == XML, "it is not XML")


@group.may("8.3.3.2", "the query parameter `accept-charset` is borne")
def accept_charset(trial: Trial) -> None:
    """Say the character set in the query."""
    path = f"{series_path(trial.sent.slices[0])}/metadata"
    trial.server.get(path, {"accept-charset": "utf-8"}, accept=JSON).wanted().of(JSON)


@group.must("8.4.1", "a header that is no media range is refused or passed over, never an error")
def not_a_media_range(trial: Trial) -> None:
    """Send nonsense."""
    path = f"{series_path(trial.sent.slices[0])}/metadata"
    trial.server.get(path, accept=";;,/;q=x").wanted(200, 400, 406)
