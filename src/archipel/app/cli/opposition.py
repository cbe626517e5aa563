"""Commands on what patients said of sharing their exams with other organisations."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archipel.app.cli.console import HomeOption
from archipel.app.home import Home

if TYPE_CHECKING:
    from archipel.exchange.oppose import Opposition

opposition = typer.Typer(
    help="Patients who oppose sharing with other organisations.", no_args_is_help=True
)
PatientArgument = Annotated[str, typer.Argument(help="The patient's identifier (0010,0020).")]
OrganisationOption = Annotated[
    str, typer.Option("--organisation", help="Key of the organisation of ours that gave it.")
]
IssuerOption = Annotated[
    str, typer.Option("--issuer", help="Who issued it; empty: the organisation's own issuer.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="How it was said, in a few words.")]


def add_to(command: typer.Typer) -> None:
    """Add these commands to the command line."""
    command.add_typer(opposition, name="opposition")


@opposition.command("record")
def record_opposition(
    patient: PatientArgument,
    home: HomeOption,
    organisation: OrganisationOption,
    reason: ReasonOption,
    issuer: IssuerOption = "",
) -> None:
    """Write down that a patient opposes sharing: every other node hides what it holds.

    Example: archipel opposition record --home /srv/archipel --organisation chu-martinique
    55012 --reason "told the secretary on arrival"
    """
    _say(home, patient, organisation, issuer, opposed=True, reason=reason)
    typer.echo("recorded: exams of this patient are shared with nobody any more")


@opposition.command("lift")
def lift_opposition(
    patient: PatientArgument,
    home: HomeOption,
    organisation: OrganisationOption,
    reason: ReasonOption,
    issuer: IssuerOption = "",
) -> None:
    """Write down that a patient opposes sharing no longer.

    Example: archipel opposition lift --home /srv/archipel --organisation chu-martinique 55012
    --reason "signed consent of today"
    """
    _say(home, patient, organisation, issuer, opposed=False, reason=reason)
    typer.echo("lifted: exams of this patient are shared again as was agreed")


def _say(
    home: Path, patient: str, organisation: str, issuer: str, *, opposed: bool, reason: str
) -> "Opposition":
    from archipel.app.wiring import Node
    from archipel.exchange.oppose import Desk, say
    from archipel.kernel.errors import NotFound
    from archipel.kernel.identifiers import Issuer, PatientIdentifier, TenantId

    with Node.open(Home(home)) as node:
        tenant = TenantId(organisation)
        held = node.organisations.organisation(tenant=tenant)
        if held is None:
            raise NotFound(f"no organisation {tenant} is at home here")
        named = PatientIdentifier(patient, Issuer(issuer) if issuer else held.issuer)
        desk = Desk(
            oppositions=node.oppositions,
            audit=node.audit,
            scope=node.office("cli").scope,
            door="cli",
        )
        return say(
            named, tenant=tenant, opposed=opposed, reason=reason, desk=desk, now=node.clock()
        )
