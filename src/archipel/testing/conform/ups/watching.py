"""Subscriptions and their events (PS3.18 sections 11.10 to 11.13, 8.10)."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from archipel.testing.conform.model import Group, Trial, claim
from archipel.testing.conform.ups import workitem as step
from archipel.testing.conform.ups.listener import Listener, listening

group = Group("events", "UPS-RS: subscriptions and events")
_AFFECTED, _EVENT = "00001000", "00001002"
_REPORT, _CANCEL_REQUESTED, _PROGRESS = 1, 2, 3


def _title() -> str:
    return f"TEST{secrets.token_hex(4).upper()}"


def _subscribed(trial: Trial, target: str, title: str, query: str = "") -> str:
    path = f"/workitems/{target}/subscribers/{title}{query}"
    answer = step.send(trial, "POST", path).wanted(201)
    return str(answer.headers.get("content-location", ""))


@contextmanager
def _heard(trial: Trial, target: str, query: str = "") -> Iterator[tuple[Listener, str]]:
    title = _title()
    where = _subscribed(trial, target, title, query)
    authorization = trial.server.http.headers.get("authorization")
    headers = {"Authorization": authorization} if authorization else {}
    with listening(where, headers) as listener:
        yield listener, title


@group.may("11.10", "a subscription is created: 201, and where its WebSocket is")
def subscribe(trial: Trial) -> None:
    """Subscribe to a workitem."""
    where = _subscribed(trial, step.made(trial), _title())
    claim(where.startswith(("ws://", "wss://")), f"Content-Location says {where or 'nothing'}")


@group.may("11.10.3.1", "a subscription to what is not known is 404")
def subscribe_to_nothing(trial: Trial) -> None:
    """Subscribe to no workitem."""
    _subscribed(trial, step.made(trial), _title())
    step.send(trial, "POST", f"/workitems/{step.uid()}/subscribers/{_title()}").wanted(404)


@group.may("11.11", "a subscription is ended")
def unsubscribe(trial: Trial) -> None:
    """Unsubscribe."""
    named, title = step.made(trial), _title()
    _subscribed(trial, named, title)
    step.send(trial, "DELETE", f"/workitems/{named}/subscribers/{title}").wanted()


@group.may("11.12", "a subscription to the worklist is suspended")
def suspend(trial: Trial) -> None:
    """Suspend."""
    title = _title()
    _subscribed(trial, step.GLOBAL, title)
    path = f"/workitems/{step.GLOBAL}/subscribers/{title}"
    step.send(trial, "POST", f"{path}/suspend").wanted()
    step.send(trial, "DELETE", path).wanted()


@group.may("11.13", "who subscribes hears how the workitem stands")
def initial_event(trial: Trial) -> None:
    """Listen to the first event."""
    named = step.made(trial)
    with _heard(trial, named) as (listener, _):
        event = listener.event()
    claim(step.value(event, _AFFECTED) == named, "another workitem is told of")
    claim(step.value(event, step.STATE) == "SCHEDULED", "another state is told")


@group.may("11.13", "a change of state is told")
def state_report(trial: Trial) -> None:
    """Claim one that is listened to."""
    named = step.made(trial)
    with _heard(trial, named) as (listener, _):
        listener.event()
        step.state(trial, named, "IN PROGRESS", step.uid()).wanted()
        event = listener.event()
    claim(step.value(event, _EVENT) == _REPORT, "it is no state report")
    claim(step.value(event, step.STATE) == "IN PROGRESS", "another state is told")


@group.may("11.13", "progress is told")
def progress_report(trial: Trial) -> None:
    """Tell of progress."""
    named, transaction = step.claimed(trial)
    with _heard(trial, named) as (listener, _):
        listener.event()
        said = {step.PROGRESS: step.sequence({"00741004": {"vr": "DS", "Value": [50]}})}
        step.send(trial, "POST", f"/workitems/{named}?{transaction}", said).wanted()
        event = listener.event()
    claim(step.value(event, _EVENT) == _PROGRESS, "it is no progress report")


@group.may("11.13", "a request to cancel what is in progress is told")
def cancel_requested(trial: Trial) -> None:
    """Ask to cancel what is listened to."""
    named, _ = step.claimed(trial)
    with _heard(trial, named) as (listener, _title):
        listener.event()
        said = {step.REASON: step.text("LT", "TEST")}
        step.send(trial, "POST", f"/workitems/{named}/cancelrequest", said).wanted(202)
        event = listener.event()
    claim(step.value(event, _EVENT) == _CANCEL_REQUESTED, "it is no request to cancel")


@group.may("11.10", "a filtered subscription tells of workitems to come that match")
def filtered(trial: Trial) -> None:
    """Create one that does not match and one that does."""
    worklist = f"TEST{secrets.token_hex(4)}"
    query = f"?filter=WorklistLabel={worklist}"
    with _heard(trial, step.FILTERED, query) as (listener, title):
        step.made(trial, worklist="TEST other")
        named = step.made(trial, worklist=worklist)
        event = listener.event()
        path = f"/workitems/{step.FILTERED}/subscribers/{title}"
        step.send(trial, "DELETE", path).wanted()
    claim(step.value(event, _AFFECTED) == named, "another workitem is told of")
