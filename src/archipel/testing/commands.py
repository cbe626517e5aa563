"""The command `archipel simulate`: the peers that a site has and a demonstration has not."""

from typing import Annotated

import typer

from archipel.app.settings import host_and_port
from archipel.kernel.errors import Malformed

simulators = typer.Typer(help="Simulated peers, with phantoms of known truth.")


def add_to(command: typer.Typer) -> None:
    """Add these commands to the command line."""
    command.add_typer(simulators, name="simulate", no_args_is_help=True)


@simulators.callback()
def _each_is_a_subcommand() -> None:
    """Simulate a peer, with phantoms of known truth."""


@simulators.command("modality")
def modality(
    to: Annotated[
        str, typer.Option("--to", help="Called AE title and address: CHU@host:port.")
    ] = "",
    calling: Annotated[str, typer.Option("--calling", help="Its own AE title.")] = "SIM_CT1",
    exam: Annotated[
        list[str] | None, typer.Option("--exam", help="Which exam; may be repeated. Default: all.")
    ] = None,
    run: Annotated[str, typer.Option("--run", help="Another word makes other studies.")] = "demo",
    per_second: Annotated[
        float,
        typer.Option("--per-second", min=0, help="Pace in instances; 0: as fast as it goes."),
    ] = 0,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer and smaller images.")] = False,
    listing: Annotated[
        bool, typer.Option("--list", help="List the exams and their truth.")
    ] = False,
) -> None:
    """Make phantom exams and send them by C-STORE.

    Example: archipel simulate modality --to CHU_MARTINIQUE@127.0.0.1:11112 --exam thorax
    """
    from rich.console import Console
    from rich.progress import Progress

    from archipel.kernel.aetitle import AETitle
    from archipel.kernel.clock import utc_now
    from archipel.protocols.dimse.user import Peer
    from archipel.testing.modality import send
    from archipel.testing.phantoms.exams import plans

    day = plans(utc_now(), run=run)
    if listing:
        for plan in day:
            typer.echo(f"{plan.name}: {plan.exam.description}: {dict(plan.truth)}")
        return
    known = {plan.name for plan in day}
    if unknown := set(exam or ()) - known:
        raise Malformed(f"no such exam: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    called, at, address = to.partition("@")
    if not at:
        raise Malformed(f"--to needs an AE title and an address, such as CHU@host:port: {to!r}")
    host, port = host_and_port(address)
    peer = Peer(host=host, port=port, called=AETitle.parse(called), calling=AETitle.parse(calling))
    with Progress(console=Console(stderr=True)) as progress:
        for plan in day:
            if exam and plan.name not in exam:
                continue
            task = progress.add_task(f"{plan.name}: {plan.exam.description}", total=None)
            count = 0
            for _ in send(plan, peer, quick=quick, per_second=per_second or None):
                progress.advance(task)
                count += 1
            progress.update(task, total=count, completed=count)
            typer.echo(f"{plan.name} {plan.exam.study} {count}")


@simulators.command("mailbox")
def mailbox(
    smtp: Annotated[
        int, typer.Option("--smtp", min=0, max=65535, help="Port for mails; 0: any.")
    ] = 2525,
    page: Annotated[
        int, typer.Option("--page", min=0, max=65535, help="Port of the inbox page; 0: any.")
    ] = 8025,
) -> None:
    """Catch every mail on this machine and show it on a page; nothing is sent on.

    Example: archipel simulate mailbox, with mail.host = "127.0.0.1", mail.port = 2525,
    mail.security = "none" and mail.sender in the settings of the node.
    """
    import signal

    from archipel.testing.mail import MailCatcher

    with MailCatcher(port=smtp, inbox_port=page) as catcher:
        typer.echo(f"ready smtp=127.0.0.1:{catcher.port} inbox={catcher.url}")
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
