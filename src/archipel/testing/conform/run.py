"""Runs the checks: sends the phantoms, waits until they are found, asks, and writes findings."""

import time
from collections.abc import Callable, Sequence

from archipel.kernel.errors import ArchipelError
from archipel.testing.conform.catalogue import GROUPS
from archipel.testing.conform.model import Check, Finding, NotOffered, Trial, Unreachable, Verdict
from archipel.testing.conform.phantoms import Sent, make, part10, study_path
from archipel.testing.conform.server import JSON, Server, Unreadable, Unwanted
from archipel.testing.conform.stow.body import post

FOUND_WITHIN_S = 20.0
CLEAN_REFUSALS = frozenset({400, 404, 405, 406, 415, 501})
"""Statuses by which a server says that it does not offer something (PS3.18 section 8.5)."""
MOST_EXCHANGES = 4  # in the evidence of one check


def prepare(server: Server) -> Trial:
    """Send the phantoms and wait until a search finds them all. Raises `Unreachable`."""
    sent = make()
    answer = _sent(server, sent)
    if answer != "":
        raise Unreachable(f"the server does not take the phantoms: {answer}")
    until = time.monotonic() + FOUND_WITHIN_S
    while not _all_found(server, sent):
        if time.monotonic() > until:
            raise Unreachable(f"what was stored is not found within {FOUND_WITHIN_S:.0f} s")
        time.sleep(0.1)
    return Trial(server, sent)


def _sent(server: Server, sent: Sent) -> str:
    try:
        answer = post(server, [part10(one) for one in sent.all], accept=JSON)
        answer.wanted(200, 202)
    except Unwanted as unwanted:
        return f"{server.log[-1] if server.log else ''} ({unwanted})"
    return ""


def _all_found(server: Server, sent: Sent) -> bool:
    found = 0
    for one in (sent.first[0], sent.other):
        try:
            found += len(server.search(f"{study_path(one)}/instances", [("limit", "50")]))
        except (Unwanted, Unreadable):
            return False
    return found >= len(sent.all)


def findings(
    trial: Trial, *, only: str = "", told: Callable[[Finding], None] | None = None
) -> Sequence[Finding]:
    """Run every check whose name begins with `only`; `told` hears of each as it is done."""
    made = []
    for group in GROUPS:
        for check in group.checks:
            if check.name.startswith(only):
                finding = _finding(check, trial)
                made.append(finding)
                if told is not None:
                    told(finding)
    return made


def _finding(check: Check, trial: Trial) -> Finding:
    trial.server.log.clear()
    verdict, why = Verdict.PASS, ""
    try:
        check.run(trial)
    except Unwanted as unwanted:
        verdict, why = Verdict.FAIL, str(unwanted)
        if not check.required and unwanted.status in CLEAN_REFUSALS:
            verdict = Verdict.NOT_OFFERED
    except NotOffered as left_out:
        verdict, why = Verdict.NOT_OFFERED, str(left_out)
    except ArchipelError as failed:
        verdict, why = Verdict.FAIL, str(failed)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OSError) as failed:
        # The answer lacks what the check reads: a server is told so, never that we broke.
        verdict, why = Verdict.FAIL, f"the answer cannot be read ({type(failed).__name__})"
    exchanges = trial.server.log[-MOST_EXCHANGES:]
    return Finding(
        check=check, verdict=verdict, evidence="; ".join([*filter(None, [why]), *exchanges])
    )
