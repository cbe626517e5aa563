"""What is stored, and how a server says so (PS3.18 sections 10.5.2 and 10.5.3, annex I)."""

import copy

from pydicom.dataset import Dataset

from archipel.testing.conform.model import Group, NotOffered, Trial, claim
from archipel.testing.conform.phantoms import fresh_uid, instance_path, part10, study_path
from archipel.testing.conform.server import DICOM, JSON, XML, Answer, related
from archipel.testing.conform.stow.body import (
    CLASS,
    FAILED,
    INSTANCE,
    REFERENCED,
    RETRIEVE_URL,
    post,
)
from archipel.testing.conform.wado.instances import read

group = Group("stow", "STOW-RS: what is stored")


def fresh(trial: Trial, *, study: str = "") -> Dataset:
    """Make another slice of the run's patient, in a study of its own unless one is named."""
    made = copy.deepcopy(trial.sent.slices[0])
    made.StudyInstanceUID = study or fresh_uid()
    made.SeriesInstanceUID, made.SOPInstanceUID = fresh_uid(), fresh_uid()
    return made


def stored(trial: Trial, made: Dataset, answer: Answer) -> Dataset:
    """Hold an instance to be stored, and return it as it is retrieved."""
    answer.wanted(200, 202)
    accept = related(DICOM, "*")
    parts = trial.server.get(instance_path(made), accept=accept).wanted().parts()
    return read(parts[0].content)


@group.must("10.5.1.1", "an instance is stored by POST to `/studies`")
def one(trial: Trial) -> None:
    """Store one and retrieve it."""
    made = fresh(trial)
    found = stored(trial, made, post(trial.server, [part10(made)]))
    claim(found.PixelData == made.PixelData, "the pixels differ")


@group.must("10.5.3.1", "when all is stored the answer is 200")
def all_is_200(trial: Trial) -> None:
    """Store one and look at the status."""
    post(trial.server, [part10(fresh(trial))]).wanted(200)


@group.must("10.5.1.1", "instances of several studies are stored by one request")
def several(trial: Trial) -> None:
    """Store two of two studies."""
    made = [fresh(trial), fresh(trial)]
    answer = post(trial.server, [part10(each) for each in made])
    for each in made:
        stored(trial, each, answer)


@group.must("10.5.1.1", "an instance is stored by POST to its study")
def into_a_study(trial: Trial) -> None:
    """Store into the study it belongs to."""
    made = fresh(trial)
    stored(trial, made, post(trial.server, [part10(made)], path=study_path(made)))


@group.must("10.5.4", "the answer is `application/dicom+json` for one who accepts that")
def answered_in_json(trial: Trial) -> None:
    """Ask for JSON."""
    post(trial.server, [part10(fresh(trial))], accept=JSON).wanted().of(JSON).json()


@group.must("10.5.4", "the answer is `application/dicom+xml` for one who accepts that")
def answered_in_xml(trial: Trial) -> None:
    """Ask for XML."""
    answer = post(trial.server, [part10(fresh(trial))], accept=XML).wanted().of(XML)
    claim(b"NativeDicomModel" in answer.body, "the body is no Native DICOM Model")


@group.must("I.2", "Referenced SOP Sequence names each instance stored")
def referenced(trial: Trial) -> None:
    """Look for class and instance."""
    made = fresh(trial)
    items = post(trial.server, [part10(made)]).wanted().json()[REFERENCED]["Value"]
    claim(len(items) == 1, f"{len(items)} items for one instance")
    claim(items[0][CLASS]["Value"] == [made.SOPClassUID], "the class is not told")
    claim(items[0][INSTANCE]["Value"] == [made.SOPInstanceUID], "the instance is not told")


@group.must("I.2", "the Retrieve URL of the study is told, and leads there")
def retrieve_url(trial: Trial) -> None:
    """Follow the address of the study."""
    made = fresh(trial)
    answer = post(trial.server, [part10(made)]).wanted()
    url = trial.server.at(answer.json()[RETRIEVE_URL]["Value"][0], answer)
    trial.server.get(f"{url}/metadata", accept=JSON).wanted()


@group.must("I.2", "the Retrieve URL of each instance is told, and leads there")
def retrieve_url_of_an_instance(trial: Trial) -> None:
    """Follow the address of the instance."""
    answer = post(trial.server, [part10(fresh(trial))]).wanted()
    item = answer.json()[REFERENCED]["Value"][0]
    url = trial.server.at(item[RETRIEVE_URL]["Value"][0], answer)
    trial.server.get(f"{url}/metadata", accept=JSON).wanted()


@group.must("I.2", "nothing is told to have failed when nothing has")
def no_failures(trial: Trial) -> None:
    """Look for a Failed SOP Sequence."""
    found = post(trial.server, [part10(fresh(trial))]).wanted().json()
    claim(not found.get(FAILED, {}).get("Value"), "something is told to have failed")


@group.must("10.5.2", "what is stored is found by a search")
def found(trial: Trial) -> None:
    """Store and search at once."""
    made = fresh(trial)
    post(trial.server, [part10(made)]).wanted(200)
    hits = trial.server.search("/studies", {"StudyInstanceUID": made.StudyInstanceUID})
    claim(len(hits) == 1, "a search after 200 does not find it")


@group.must("10.5.2", "the same instance may be stored again")
def again(trial: Trial) -> None:
    """Store one instance twice."""
    made = fresh(trial)
    post(trial.server, [part10(made)]).wanted(200)
    post(trial.server, [part10(made)]).wanted(200, 202, 409)


@group.must("10.5.2", "what is stored is not changed by another instance under its UID")
def never_replaced(trial: Trial) -> None:
    """Send other pixels under a UID that is held."""
    made = fresh(trial)
    post(trial.server, [part10(made)]).wanted(200)
    other = copy.deepcopy(made)
    other.PixelData = bytes(len(made.PixelData))
    answer = post(trial.server, [part10(other)]).wanted(200, 202, 409)
    parts = trial.server.get(instance_path(made), accept=related(DICOM, "*")).wanted().parts()
    kept = read(parts[0].content).PixelData == made.PixelData
    claim(kept or answer.status == 200, "it was refused, and replaced all the same")


@group.must("10.5.2", "a compressed instance is stored")
def compressed(trial: Trial) -> None:
    """Store RLE."""
    made = copy.deepcopy(trial.sent.colour)
    made.StudyInstanceUID, made.SOPInstanceUID = fresh_uid(), fresh_uid()
    found_ = stored(trial, made, post(trial.server, [part10(made)]))
    claim(found_.PixelData == made.PixelData, "the pixels differ")


@group.must("10.5.2", "private attributes are kept")
def private(trial: Trial) -> None:
    """Store private attributes and look for them."""
    made = fresh(trial)
    made.private_block(0x0099, "TEST CONFORM", create=True).add_new(0x01, "LO", "kept")
    kept = stored(trial, made, post(trial.server, [part10(made)]))
    claim(kept[0x0099, 0x1001].value == "kept", "the private attribute is lost")


@group.must("10.5.2", "names in ISO_IR 100 come back in the character set that is told")
def latin(trial: Trial) -> None:
    """Store a name in Latin-1."""
    made = fresh(trial)
    made.SpecificCharacterSet = "ISO_IR 100"
    made.PatientName = str(made.PatientName)  # or pydicom would keep the bytes it wrote before
    kept = stored(trial, made, post(trial.server, [part10(made)]))
    claim(str(kept.PatientName) == str(made.PatientName), "the name differs")


@group.may("10.5.4", "one file may be sent alone as `application/dicom`")
def alone(trial: Trial) -> None:
    """Store without parts."""
    made = fresh(trial)
    headers = {"Content-Type": DICOM, "Accept": JSON}
    answer = trial.server.ask("POST", "/studies", headers=headers, content=part10(made))
    stored(trial, made, answer)


@group.must("10.5.2", "a boundary in quotes is read (RFC 2045 section 5.1)")
def quoted_boundary(trial: Trial) -> None:
    """Send a boundary in quotes, as RFC 2045 permits."""
    made = fresh(trial)
    body = b"--x y\r\nContent-Type: application/dicom\r\n\r\n" + part10(made) + b"\r\n--x y--\r\n"
    headers = {
        "Content-Type": 'multipart/related; type="application/dicom"; boundary="x y"',
        "Accept": JSON,
    }
    stored(trial, made, trial.server.ask("POST", "/studies", headers=headers, content=body))


@group.may("10.5.2", "a class that nobody knows is kept, or refused with reason 0122")
def unknown_class(trial: Trial) -> None:
    """Store an instance of a private class."""
    made = fresh(trial)
    made.SOPClassUID = "1.2.826.0.1.3680043.8.498.1"
    answer = post(trial.server, [part10(made)]).wanted(200, 202, 409)
    if answer.status == 409:
        item = answer.json()[FAILED]["Value"][0]
        claim(item["00081197"]["Value"] == [0x0122], "the reason is not 0122")
        raise NotOffered("refused with reason 0122")
