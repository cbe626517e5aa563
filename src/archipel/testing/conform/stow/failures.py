"""Failures of the store transaction: statuses and reasons (PS3.18 sections 10.5.3.1, I.2)."""

from archipel.testing.conform.model import Group, NotOffered, Trial, claim
from archipel.testing.conform.phantoms import fresh_uid, instance_path, part10
from archipel.testing.conform.server import DICOM, JSON, related
from archipel.testing.conform.stow.body import (
    FAILED,
    INSTANCE,
    REASON,
    REFERENCED,
    multipart,
    post,
    post_body,
    reasons,
)
from archipel.testing.conform.stow.storing import fresh

group = Group("refused", "STOW-RS: failures and their reasons")
NOISE = b"This is no DICOM file. " * 40


@group.must("10.5.3.1", "what is no DICOM is not answered with success")
def noise(trial: Trial) -> None:
    """Store noise."""
    post(trial.server, [NOISE]).wanted(400, 409)


@group.must("I.2", "what is no DICOM fails with a reason of Cxxx (cannot understand) or 0110")
def reason_of_noise(trial: Trial) -> None:
    """Store noise beside an instance, and look at the reason."""
    answer = post(trial.server, [part10(fresh(trial)), NOISE]).wanted(202, 400, 409)
    found = reasons(answer)
    claim(found, "no failure is told")
    claim(all(0xC000 <= r <= 0xCFFF or r == 0x0110 for r in found), f"the reason is {found}")


@group.must("10.5.3.1", "some stored and some refused is 202")
def partly(trial: Trial) -> None:
    """Store noise beside an instance."""
    made = fresh(trial)
    answer = post(trial.server, [part10(made), NOISE]).wanted(202)
    items = answer.json()[REFERENCED]["Value"]
    claim(items[0][INSTANCE]["Value"] == [made.SOPInstanceUID], "what was stored is not told")
    trial.server.get(instance_path(made), accept=related(DICOM, "*")).wanted()


@group.must("10.5.2", "an instance of another study than the one named is refused")
def of_another_study(trial: Trial) -> None:
    """Store into a study it does not belong to."""
    made = fresh(trial)
    answer = post(trial.server, [part10(made)], path=f"/studies/{fresh_uid()}")
    answer.wanted(400, 409)
    trial.server.get(instance_path(made), accept=related(DICOM, "*")).wanted(404)


@group.must("I.2", "of another study: Failed SOP Sequence names it, with a reason of A9xx")
def reason_of_another_study(trial: Trial) -> None:
    """Look at the reason."""
    made = fresh(trial)
    answer = post(trial.server, [part10(made)], path=f"/studies/{fresh_uid()}").wanted(400, 409)
    item = answer.json()[FAILED]["Value"][0]
    claim(item[INSTANCE]["Value"] == [made.SOPInstanceUID], "the instance is not named")
    reason = int(item[REASON]["Value"][0])
    claim(0xA900 <= reason <= 0xA9FF, f"the reason is {reason:04X}")


@group.may("I.2", "other bytes under a UID that is held fail with reason 0111, or are taken")
def reason_of_other_bytes(trial: Trial) -> None:
    """Send other pixels under a UID that is held, and look at the reason."""
    made = fresh(trial)
    post(trial.server, [part10(made)]).wanted(200)
    made.PixelData = bytes(len(made.PixelData))
    answer = post(trial.server, [part10(made)]).wanted(200, 202, 409)
    if answer.status == 200:
        raise NotOffered("the second was taken too")
    claim(reasons(answer) == [0x0111], f"the reason is {reasons(answer)}")


@group.must("10.5.3.1", "an instance without a Study Instance UID is refused")
def without_a_study(trial: Trial) -> None:
    """Store one that belongs nowhere."""
    made = fresh(trial)
    del made.StudyInstanceUID
    post(trial.server, [part10(made)]).wanted(400, 409)


@group.must("10.5.3.1", "an instance without a SOP Instance UID is refused")
def without_an_instance(trial: Trial) -> None:
    """Store one that has no name."""
    made = fresh(trial)
    del made.SOPInstanceUID
    post(trial.server, [part10(made)]).wanted(400, 409)


@group.must("10.5.3.1", "a body without parts is refused with 400")
def empty(trial: Trial) -> None:
    """Store nothing."""
    post_body(trial.server, multipart([]), DICOM).wanted(400)


@group.must("8.6.1.2", "a multipart body without a boundary is refused")
def no_boundary(trial: Trial) -> None:
    """Leave the boundary out of Content-Type."""
    headers = {"Content-Type": f'multipart/related; type="{DICOM}"', "Accept": JSON}
    body = multipart([(f"Content-Type: {DICOM}", part10(fresh(trial)))])
    trial.server.ask("POST", "/studies", headers=headers, content=body).wanted(400, 415)


@group.must("10.5.3.1", "a body of a kind that is not taken is refused with 415")
def unsupported(trial: Trial) -> None:
    """Store text."""
    headers = {"Content-Type": "text/plain", "Accept": JSON}
    trial.server.ask("POST", "/studies", headers=headers, content=b"text").wanted(415)


@group.must("10.5.3.1", "parts of a kind that is not taken are refused with 415")
def unsupported_parts(trial: Trial) -> None:
    """Store multipart text."""
    body = multipart([("Content-Type: text/plain", b"text")])
    post_body(trial.server, body, "text/plain").wanted(400, 409, 415)


@group.must("8.6.1.2", "a body that ends before its closing boundary is not all stored")
def cut_short(trial: Trial) -> None:
    """Store half a file."""
    made = fresh(trial)
    whole = multipart([(f"Content-Type: {DICOM}", part10(made))], closed=False)
    answer = post_body(trial.server, whole[: len(whole) // 2], DICOM)
    answer.wanted(400, 409)
    trial.server.get(instance_path(made), accept=related(DICOM, "*")).wanted(404)


@group.must("10.5.3.1", "a file that ends within its data set is refused")
def cut_file(trial: Trial) -> None:
    """Store half a file in a whole part."""
    content = part10(fresh(trial))
    post(trial.server, [content[:400]]).wanted(400, 409)


@group.must("8.6.1.2", "what stands before the first boundary is passed over")
def preamble(trial: Trial) -> None:
    """Send a preamble."""
    made = fresh(trial)
    body = b"a preamble\r\n" + multipart([(f"Content-Type: {DICOM}", part10(made))])
    post_body(trial.server, body, DICOM).wanted(200, 202)


@group.must("10.5.3.1", "a study that is named by no UID is refused with 400")
def no_uid(trial: Trial) -> None:
    """Store into a study called `abc`."""
    post(trial.server, [part10(fresh(trial))], path="/studies/abc").wanted(400, 404, 409)
