"""Workitems: created, retrieved, updated, claimed, ended, searched (PS3.18 11.4 to 11.9)."""

from archipel.testing.conform.model import Group, NotOffered, Trial, claim
from archipel.testing.conform.server import JSON, XML, Answer
from archipel.testing.conform.ups import workitem as step

group = Group("ups", "UPS-RS: workitems")


def _warned(answer: Answer, said: str) -> None:
    warning = answer.headers.get("warning", "")
    claim(said.lower() in warning.lower(), f"the Warning says {warning or 'nothing'}")


@group.may("11.4", "`POST /workitems?{uid}` creates a workitem: 201 and its Location")
def create(trial: Trial) -> None:
    """Create one."""
    named = step.uid()
    answer = step.send(trial, "POST", f"/workitems?{named}", step.new()).wanted(201)
    where = answer.headers.get("location") or answer.headers.get("content-location", "")
    claim(named in where, f"Location says {where or 'nothing'}")


@group.may("11.4.1.1", "without a UID in the address the server makes one")
def create_without_uid(trial: Trial) -> None:
    """Create one and follow its Location."""
    answer = step.send(trial, "POST", "/workitems", step.new()).wanted(201)
    where = answer.headers.get("location") or answer.headers["content-location"]
    trial.server.get(trial.server.at(where, answer), accept=JSON).wanted()


@group.may("11.4.3.1", "a UID that is known is a conflict")
def create_twice(trial: Trial) -> None:
    """Create one again."""
    named = step.made(trial)
    step.send(trial, "POST", f"/workitems?{named}", step.new()).wanted(409)


@group.may("11.4.3.1", "a workitem without its required attributes is refused with 400")
def create_incomplete(trial: Trial) -> None:
    """Leave the priority out."""
    step.made(trial)
    lacking = {tag: one for tag, one in step.new().items() if tag != "00741200"}
    step.send(trial, "POST", f"/workitems?{step.uid()}", lacking).wanted(400)


@group.may("11.4", "a workitem begins as SCHEDULED")
def create_in_progress(trial: Trial) -> None:
    """Create one that is in progress."""
    step.made(trial)
    said = step.new() | {step.STATE: step.text("CS", "IN PROGRESS")}
    step.send(trial, "POST", f"/workitems?{step.uid()}", said).wanted(400, 409)


@group.may("11.5", "what was created is retrieved")
def retrieve(trial: Trial) -> None:
    """Retrieve one."""
    found = step.held(trial, step.made(trial, label="TEST retrieve"))
    claim(step.value(found, step.LABEL) == "TEST retrieve", "the label is another")
    claim(step.value(found, step.STATE) == "SCHEDULED", "the state is another")


@group.may("11.5.2", "the Transaction UID is never given out")
def transaction_is_kept(trial: Trial) -> None:
    """Retrieve a claimed one."""
    named, _ = step.claimed(trial)
    claim("Value" not in step.held(trial, named).get(step.TRANSACTION, {}), "it is told")


@group.may("11.5.3.1", "a workitem that is not known is 404")
def retrieve_unknown(trial: Trial) -> None:
    """Ask for nothing such; once there is a service at all."""
    step.made(trial)
    trial.server.get(f"/workitems/{step.uid()}", accept=JSON).wanted(404)


@group.may("11.1.3", "workitems leave as XML for one who wants that")
def xml(trial: Trial) -> None:
    """Retrieve one as XML."""
    named = step.made(trial)
    answer = trial.server.get(f"/workitems/{named}", accept=XML).wanted()
    claim(b"NativeDicomModel" in answer.body, "the body is no NativeDicomModel")


@group.may("11.6", "a scheduled workitem is updated")
def update(trial: Trial) -> None:
    """Give another label."""
    named = step.made(trial)
    said = {step.LABEL: step.text("LO", "TEST updated")}
    step.send(trial, "POST", f"/workitems/{named}", said).wanted()
    claim(step.value(step.held(trial, named), step.LABEL) == "TEST updated", "it is as before")


@group.may("11.6.3", "a claimed workitem is updated by its performer only")
def update_of_another(trial: Trial) -> None:
    """Update one with the right, a wrong and no Transaction UID."""
    named, transaction = step.claimed(trial)
    said = {step.LABEL: step.text("LO", "TEST updated")}
    path = f"/workitems/{named}"
    step.send(trial, "POST", f"{path}?{step.uid()}", said).wanted(400, 409)
    step.send(trial, "POST", path, said).wanted(400, 409)
    step.send(trial, "POST", f"{path}?{transaction}", said).wanted()


@group.may("11.6", "an update does not change the state")
def update_of_state(trial: Trial) -> None:
    """Update the state."""
    named = step.made(trial)
    said = {step.STATE: step.text("CS", "IN PROGRESS")}
    step.send(trial, "POST", f"/workitems/{named}", said).wanted(400, 409)


@group.may("11.7", "a workitem is claimed with a Transaction UID, done and completed")
def complete(trial: Trial) -> None:
    """Go all the way."""
    named, transaction = step.claimed(trial)
    path = f"/workitems/{named}?{transaction}"
    step.send(trial, "POST", path, step.performed()).wanted()
    step.state(trial, named, "COMPLETED", transaction).wanted()
    claim(step.value(step.held(trial, named), step.STATE) == "COMPLETED", "it is not")


@group.may("11.7.3.2", "completing what is completed is granted with a Warning")
def complete_twice(trial: Trial) -> None:
    """Complete one twice."""
    named, transaction = step.claimed(trial)
    path = f"/workitems/{named}?{transaction}"
    step.send(trial, "POST", path, step.performed()).wanted()
    step.state(trial, named, "COMPLETED", transaction).wanted()
    again = step.state(trial, named, "COMPLETED", transaction).wanted()
    _warned(again, "already in the requested state of COMPLETED")


@group.may("11.7.2", "a workitem that does not say what was done is not completed")
def complete_without_content(trial: Trial) -> None:
    """Complete one that says nothing."""
    named, transaction = step.claimed(trial)
    step.state(trial, named, "COMPLETED", transaction).wanted(400, 409)


@group.may("11.7.2", "a claimed workitem is canceled by its performer")
def cancel(trial: Trial) -> None:
    """Give one up."""
    named, transaction = step.claimed(trial)
    step.send(trial, "POST", f"/workitems/{named}?{transaction}", step.given_up()).wanted()
    step.state(trial, named, "CANCELED", transaction).wanted()
    claim(step.value(step.held(trial, named), step.STATE) == "CANCELED", "it is not")


@group.may("11.7.3.2", "a claim without a Transaction UID is refused with its Warning")
def claim_without_transaction(trial: Trial) -> None:
    """Claim one without."""
    answer = step.state(trial, step.made(trial), "IN PROGRESS").wanted(400, 409)
    _warned(answer, "Transaction UID is missing")


@group.may("11.7.3.2", "the Transaction UID of another is refused with its Warning")
def wrong_transaction(trial: Trial) -> None:
    """End one that another has."""
    named, _ = step.claimed(trial)
    answer = step.state(trial, named, "CANCELED", step.uid()).wanted(400, 409)
    _warned(answer, "Transaction UID is incorrect")


@group.may("11.7.2", "what is claimed is not claimed again")
def claim_twice(trial: Trial) -> None:
    """Claim one twice."""
    named, _ = step.claimed(trial)
    step.state(trial, named, "IN PROGRESS", step.uid()).wanted(400, 409)


@group.may("11.7.2", "what nobody has claimed is not completed")
def complete_unclaimed(trial: Trial) -> None:
    """Complete a scheduled one."""
    step.state(trial, step.made(trial), "COMPLETED", step.uid()).wanted(400, 409)


@group.may("11.8", "a request to cancel what nobody has claimed cancels it: 202")
def request_cancel(trial: Trial) -> None:
    """Ask for it."""
    named = step.made(trial)
    said = {step.REASON: step.text("LT", "TEST")}
    step.send(trial, "POST", f"/workitems/{named}/cancelrequest", said).wanted(202)
    claim(step.value(step.held(trial, named), step.STATE) == "CANCELED", "it is not")


@group.may("11.8.3.1", "a request to cancel what is completed is a conflict")
def request_cancel_of_completed(trial: Trial) -> None:
    """Ask for it."""
    named, transaction = step.claimed(trial)
    step.send(trial, "POST", f"/workitems/{named}?{transaction}", step.performed()).wanted()
    step.state(trial, named, "COMPLETED", transaction).wanted()
    step.send(trial, "POST", f"/workitems/{named}/cancelrequest", {}).wanted(409)


@group.may("11.9", "workitems are found by an attribute")
def search(trial: Trial) -> None:
    """Search by label."""
    label = f"TEST {step.uid()[-12:]}"
    step.made(trial, label=label)
    found = trial.server.search("/workitems", [("ProcedureStepLabel", label)])
    claim([step.value(one, step.LABEL) for one in found] == [label], f"{len(found)} are found")


@group.may("11.9", "workitems are found by a code in a sequence, and by their state")
def search_in_sequence(trial: Trial) -> None:
    """Search by code and state."""
    label = f"TEST {step.uid()[-12:]}"
    step.made(trial, label=label)
    asked = [("ProcedureStepLabel", label), ("00404018.00080100", "110005")]
    asked.append(("ProcedureStepState", "SCHEDULED"))
    claim(len(trial.server.search("/workitems", asked)) == 1, "it is not found")
    asked[1] = ("00404018.00080100", "110008")
    claim(not trial.server.search("/workitems", asked), "another code finds it")


@group.may("11.9.1.2", "limit and offset page through what is found")
def search_pages(trial: Trial) -> None:
    """Search page by page."""
    label = f"TEST {step.uid()[-12:]}"
    for _ in range(3):
        step.made(trial, label=label)
    seen = []
    for offset in range(3):
        asked = [("ProcedureStepLabel", label), ("limit", "1"), ("offset", str(offset))]
        seen += trial.server.search("/workitems", asked)
    if len(seen) > 3:
        raise NotOffered("limit does nothing")
    claim(len({step.value(one, "00080018") for one in seen}) == 3, "pages repeat or miss some")
