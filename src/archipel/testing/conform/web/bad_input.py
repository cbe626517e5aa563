"""Bad input: refused, never an error of the server (PS3.18 section 8.5)."""

from archipel.testing.conform.model import Group, Run, Trial, claim
from archipel.testing.conform.phantoms import instance_path, study_path
from archipel.testing.conform.server import DICOM, JSON, OCTETS, related

group = Group("bad-input", "HTTP: robustness to bad input")
LONG = "9" * 5000

SEARCHES: dict[str, tuple[str, str, str]] = {
    "date-of-letters": ("StudyDate", "yesterday", "a date of letters"),
    "date-backwards": ("StudyDate", "20250101-20240101", "a range of dates that runs backwards"),
    "date-with-thirteen-months": ("StudyDate", "20241301", "a date of a thirteenth month"),
    "time-of-letters": ("StudyTime", "noon", "a time of letters"),
    "uid-of-letters": ("StudyInstanceUID", "abc", "a UID of letters"),
    "number-of-letters": ("NumberOfStudyRelatedSeries", "few", "a number of letters"),
    "quote": ("PatientID", "' OR '1'='1", "a quote, as of SQL"),
    "percent": ("PatientID", "%", "a percent sign"),
    "underscore": ("PatientID", "TEST_", "an underscore"),
    "backslash": ("PatientID", "TEST\\", "a backslash"),
    "nul": ("PatientID", "TEST\0", "a NUL"),
    "line-break": ("PatientID", "TEST\r\nX: y", "a line break"),
    "long-value": ("PatientID", LONG, "a value of 5,000 characters"),
    "many-stars": ("PatientName", "*a" * 60, "a wildcard with sixty stars"),
    "angle-brackets": ("PatientName", "<script>", "angle brackets"),
    "surrogate": ("PatientName", "\U0001f9b4", "a sign beyond the basic plane"),
}


def _refused_or_empty(key: str, value: str) -> Run:
    def run(trial: Trial) -> None:
        confined = (
            []
            if key == "StudyInstanceUID"
            else [("StudyInstanceUID", trial.sent.cine.StudyInstanceUID)]
        )
        answer = trial.server.get("/studies", [*confined, (key, value)], accept=JSON)
        answer.wanted(200, 204, 400, 414)
        warned = "299" in answer.headers.get("warning", "")
        claim(answer.status != 200 or warned or not answer.datasets(), "something was found")

    return run


for _name, (_key, _value, _says) in SEARCHES.items():
    group.add(
        _name,
        "8.5",
        f"a search by {_says} is refused, finds nothing, or is passed over with a Warning",
        _refused_or_empty(_key, _value),
    )


@group.must("8.3.4.1", "a key that is no attribute is refused with 400 or passed over")
def no_attribute(trial: Trial) -> None:
    """Search by a word."""
    pairs = {"StudyInstanceUID": trial.sent.cine.StudyInstanceUID, "Weather": "fine"}
    trial.server.get("/studies", pairs, accept=JSON).wanted(200, 204, 400)


@group.must("8.3.4.3", "an includefield that is no attribute is refused with 400 or passed over")
def no_field(trial: Trial) -> None:
    """Include a word."""
    pairs = {"StudyInstanceUID": trial.sent.cine.StudyInstanceUID, "includefield": "Weather"}
    trial.server.get("/studies", pairs, accept=JSON).wanted(200, 400)


@group.must("8.3.4.1", "a key that is said twice is refused with 400 or one of it counts")
def twice(trial: Trial) -> None:
    """Say one key twice."""
    uid = trial.sent.cine.StudyInstanceUID
    pairs = [("StudyInstanceUID", uid), ("PatientID", "x"), ("PatientID", "y")]
    trial.server.get("/studies", pairs, accept=JSON).wanted(200, 204, 400)


@group.must("8.3.4.2", "fuzzymatching that is neither true nor false is refused or passed over")
def no_flag(trial: Trial) -> None:
    """Say `perhaps`."""
    pairs = {"StudyInstanceUID": trial.sent.cine.StudyInstanceUID, "fuzzymatching": "perhaps"}
    trial.server.get("/studies", pairs, accept=JSON).wanted(200, 400)


def _path(path: str) -> Run:
    def run(trial: Trial) -> None:
        trial.server.get(path, accept=related(DICOM)).wanted(400, 404, 414)

    return run


for _name, _bad, _says in (
    ("path-of-letters", "/studies/abc", "letters"),
    ("path-of-dots", "/studies/1..2", "two dots in a row"),
    ("path-too-long", f"/studies/1.{'2' * 80}", "82 characters"),
    ("path-with-a-quote", "/studies/1.2'", "a quote"),
    ("path-with-a-nul", "/studies/1.2%00", "a NUL"),
    ("path-climbing", "/studies/..%2F..%2Fetc%2Fpasswd", "steps up"),
    ("path-of-digits", "/studies/1.2.3/series/x/instances/y", "letters at every level"),
):
    group.add(_name, "8.5", f"a UID of {_says} in a path is 400 or 404", _path(_bad))


@group.must("10.4.1.1.6", "a frame number beyond all counting is refused")
def huge_frame(trial: Trial) -> None:
    """Get a frame of twenty digits."""
    path = f"{instance_path(trial.sent.cine)}/frames/{'9' * 20}"
    trial.server.get(path, accept=related(OCTETS)).wanted(400, 404)


@group.must("10.4.1.1.6", "a thousand frame numbers are answered or refused, never an error")
def many_frames(trial: Trial) -> None:
    """Get one frame a thousand times."""
    path = f"{instance_path(trial.sent.cine)}/frames/{','.join(['1'] * 1000)}"
    trial.server.get(path, accept=related(OCTETS)).wanted(200, 400, 404, 413, 414)


@group.must("8.4.1", "an Accept of 100,000 characters is refused or passed over")
def long_accept(trial: Trial) -> None:
    """Send a header that is too long."""
    path = f"{study_path(trial.sent.cine)}/metadata"
    accept = ", ".join([JSON] * 4000)
    trial.server.get(path, accept=accept).wanted(200, 400, 406, 413, 414, 431)


@group.must("8.5", "a refusal does not repeat what it was sent as HTML")
def no_echo(trial: Trial) -> None:
    """Send a tag and look for it."""
    answer = trial.server.get("/studies", {"limit": "<script>alert(1)</script>"}, accept=JSON)
    answer.wanted(200, 204, 400)
    hot = "html" in answer.kind and b"<script>alert(1)" in answer.body
    claim(not hot, "the tag came back as HTML")


@group.must("8.5", "a refusal tells nothing of the server's inside")
def no_trace(trial: Trial) -> None:
    """Look for a stack trace in a refusal."""
    answer = trial.server.get("/studies/abc/series/def", accept=related(DICOM)).wanted(400, 404)
    claim(b"Traceback" not in answer.body and b"at java." not in answer.body, "a trace is told")
