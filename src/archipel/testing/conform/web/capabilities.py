"""What a server says of itself, and HTTP's own methods (PS3.18 sections 8.1, 8.9)."""

from xml.etree import ElementTree as ET

from archipel.testing.conform.model import Group, NotOffered, Trial, claim
from archipel.testing.conform.phantoms import instance_path, series_path, study_path
from archipel.testing.conform.server import JSON

group = Group("capabilities", "HTTP: capabilities and methods")
WADL = "application/vnd.sun.wadl+xml"


@group.must("8.9", "`OPTIONS` of the base answers a description of what is offered")
def options(trial: Trial) -> None:
    """Ask for the capabilities."""
    answer = trial.server.ask("OPTIONS", "/", headers={"Accept": f"{WADL}, application/json"})
    claim(answer.wanted().body, "the description is empty")


@group.must("8.9.3", "the description is a WADL document")
def wadl(trial: Trial) -> None:
    """Ask for the capabilities as WADL."""
    answer = trial.server.ask("OPTIONS", "/", headers={"Accept": WADL}).wanted().of(WADL)
    root = ET.fromstring(answer.body)  # noqa: S314  (of the server that is looked at)
    claim(root.tag.endswith("application"), "the document is no WADL")
    claim(b"studies" in answer.body, "it does not tell of /studies")


@group.may("8.9.3", "the description is JSON for one who wants that")
def in_json(trial: Trial) -> None:
    """Ask for the capabilities as JSON."""
    headers = {"Accept": "application/json"}
    answer = trial.server.ask("OPTIONS", "/", headers=headers).wanted().of("application/json")
    claim(answer.json(), "it is empty")


@group.may("8.1", "`OPTIONS` of a resource tells its methods")
def methods(trial: Trial) -> None:
    """Ask for the methods of /studies."""
    answer = trial.server.ask("OPTIONS", "/studies").wanted(200, 204)
    said = answer.headers.get("allow", "")
    if not said:
        raise NotOffered("there is no Allow")
    claim("GET" in said and "POST" in said, f"Allow says {said}")


@group.may("8.1", "`HEAD` answers as `GET` would, without a body")
def head(trial: Trial) -> None:
    """Ask for the head of metadata."""
    path = f"{instance_path(trial.sent.cine)}/metadata"
    answer = trial.server.ask("HEAD", path, headers={"Accept": JSON}).wanted().of(JSON)
    claim(not answer.body, "there is a body")


@group.may("8.1", "`HEAD` of a search answers without a body")
def head_of_a_search(trial: Trial) -> None:
    """Ask for the head of a search."""
    path = f"{study_path(trial.sent.cine)}/series"
    answer = trial.server.ask("HEAD", path, headers={"Accept": JSON}).wanted()
    claim(not answer.body, "there is a body")


@group.may("8.1", "`HEAD` of what is not there is 404")
def head_of_nothing(trial: Trial) -> None:
    """Ask for the head of an unknown resource."""
    path = f"{instance_path(trial.sent.cine)}1/metadata"
    trial.server.ask("HEAD", path, headers={"Accept": JSON}).wanted(404)


@group.must("8.5", "a method that a resource has not is refused with 405")
def no_such_method(trial: Trial) -> None:
    """Put a series."""
    path = series_path(trial.sent.cine)
    trial.server.ask("PUT", path, content=b"").wanted(405)


@group.must("8.5", "a resource that the standard does not know is 404")
def no_such_resource(trial: Trial) -> None:
    """Get what is no resource."""
    trial.server.get(f"{study_path(trial.sent.cine)}/nothing-such", accept="*/*").wanted(404)
