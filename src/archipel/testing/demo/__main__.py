"""`make demo`: three regional nodes, a metropolitan partner, lines that can be cut, and a story.

Everything is invented and lives on loopback. Passwords are made anew each time and printed once.
Ctrl-C ends every process; the homes are deleted, so that each start is the first.
"""

import argparse
import secrets
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from archipel.kernel.errors import ArchipelError
from archipel.testing.demo import one
from archipel.testing.demo.door import Door
from archipel.testing.demo.fleet import Fleet
from archipel.testing.demo.story import Play, Story
from archipel.testing.mail import MailCatcher

QUICK = {
    "ARCHIPEL_NODE__DEMONSTRATION": "true",
    "ARCHIPEL_ARCHIVE__SERIES_QUIET_S": "2",
    "ARCHIPEL_ARCHIVE__STUDY_QUIET_S": "4",
    "ARCHIPEL_ARCHIVE__LOW_DISK_BYTES": str(256 << 20),
}


def main() -> None:
    """Run the demonstration until Ctrl-C."""
    asked = argparse.ArgumentParser(prog="archipel.testing.demo", description=__doc__)
    asked.add_argument("--one", action="store_true", help="one node alone, nothing to cut")
    asked.add_argument("--steps", action="store_true", help="wait for Enter before each step")
    asked.add_argument("--quiet", action="store_true", help="no story: nodes and lines only")
    said = asked.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell may have told us to ignore the latter
        signal.signal(number, signal.default_int_handler)
    if said.one:
        one.run()
        return
    console = Console()
    root = Path(tempfile.mkdtemp(prefix="archipel-demo-"))
    try:
        _run(console, root, steps=said.steps, quiet=said.quiet)
    except KeyboardInterrupt:
        console.print("Stopped.")
    except ArchipelError as error:
        sys.stderr.write(f"demo: {error}\n")
        sys.exit(1)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _run(console: Console, root: Path, *, steps: bool, quiet: bool) -> None:
    began = time.monotonic()
    console.print("Starting four nodes; half a minute on two cores…")
    shown: dict[str, Any] = {"isles": []}
    fleet, mails = Fleet(root, settings=QUICK), MailCatcher()
    play = Play(fleet, mails, secrets.token_hex(4))
    story = Story(play, console, by_step=steps)
    door = Door(
        lines=fleet.lines.states,
        turn=fleet.lines.turn,
        state=lambda: shown | story.state(),
        act=lambda _word: story.go_on(),
    )
    with mails, door:
        fleet.tell(told(switchboard=door.address, mails=mails))
        with fleet:
            shown["isles"] = [_isle(fleet[name]) for name in fleet.afloat]
            _greet(console, fleet, door, mails, time.monotonic() - began)
            try:
                if not quiet:
                    story.start()
                while True:
                    time.sleep(0.5)
            except KeyboardInterrupt:
                console.print("Stopping…")
            finally:
                story.end()


def told(*, switchboard: str, mails: MailCatcher) -> dict[str, str]:
    """Return the settings that name the demonstration's own doors."""
    return {
        "ARCHIPEL_NODE__SWITCHBOARD": switchboard,
        "ARCHIPEL_MAIL__HOST": "127.0.0.1",
        "ARCHIPEL_MAIL__PORT": str(mails.port),
        "ARCHIPEL_MAIL__SECURITY": "none",
        "ARCHIPEL_MAIL__SENDER": "resultats@archipel.test",
    }


def _isle(afloat: Any) -> dict[str, Any]:
    isle, running = afloat.isle, afloat.running
    return {
        "title": isle.title,
        "url": running.http,
        "dicom": f"{running.dicom_host}:{running.dicom_port}",
        "organisations": list(isle.organisations),
        "people": [
            {
                "login": seat.login,
                "password": afloat.passwords[seat.login],
                "role": f"{seat.role.value}, {isle.organisations[seat.organisation]}",
            }
            for seat in isle.people
        ],
    }


def _greet(console: Console, fleet: Fleet, door: Door, mails: MailCatcher, took_s: float) -> None:
    table = Table(box=None)
    for word in ("where", "login", "password", "role"):
        table.add_column(word, no_wrap=True)
    table.add_column("organisation")
    for afloat in fleet.afloat.values():
        for number, seat in enumerate(afloat.isle.people):
            table.add_row(
                afloat.url if number == 0 else "",
                seat.login,
                afloat.passwords[seat.login],
                seat.role.value,
                afloat.isle.organisations[seat.organisation],
            )
    console.print(f"\n[bold]http://{door.address}/[/bold]  start page: the story, the switches")
    console.print(f"{mails.url}  the mailbox of the family doctor")
    console.print(f"Ready after {took_s:.0f} s. Every patient is invented.\n")
    console.print(table)
    console.print(
        "\nTry: sign in as r.reseau in Martinique and open Réseau; cut the line to Guyane there, "
        "heal it. Ctrl-C stops everything.\n"
    )


if __name__ == "__main__":
    main()
