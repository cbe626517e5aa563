"""Commands on results: which referrers an organisation can tell, and when it tells a patient."""

from typing import TYPE_CHECKING, Annotated

import typer

from archipel.app.cli.console import HomeOption, JsonOption, show
from archipel.app.home import Home
from archipel.kernel.errors import NotFound

if TYPE_CHECKING:
    from archipel.app.wiring import Node
    from archipel.kernel.identifiers import TenantId

results = typer.Typer(help="Results: whom they are told to, and when.", no_args_is_help=True)
referrers = typer.Typer(help="Referrers whose mail address is known.", no_args_is_help=True)
results.add_typer(referrers, name="referrer")

OrganisationOption = Annotated[
    str, typer.Option("--organisation", help="Key of the organisation.")
]


def add_to(command: typer.Typer) -> None:
    """Add these commands to the command line."""
    command.add_typer(results, name="results")


@referrers.command("add")
def add_referrer(
    name: Annotated[str, typer.Argument(help="As in the images (0008,0090): FAMILY^Given.")],
    home: HomeOption,
    organisation: OrganisationOption,
    mail: Annotated[str, typer.Option("--mail", help="Where they are told.")],
    language: Annotated[str, typer.Option("--language", help="fr, en or es.")] = "fr",
) -> None:
    """Know a referrer: each released report that names them is then told to this address.

    Example: archipel results referrer add --home /srv/archipel --organisation chu-martinique
    "POMMIER^Guy" --mail g.pommier@cabinet.fr
    """
    from archipel.app.wiring import Node
    from archipel.results.correspond import know
    from archipel.results.model import Correspondent, MailAddress

    with Node.open(Home(home)) as node:
        known = Correspondent(
            tenant=_tenant(node, organisation),
            name=name,
            mail=MailAddress(mail),
            language=language,
        )
        know(
            known,
            correspondents=node.correspondents,
            audit=node.audit,
            by=node.office("cli").scope.actor,
            now=node.clock(),
        )
    typer.echo(f"{known.recipient.name} is told at {known.mail}")


@referrers.command("list")
def list_referrers(
    home: HomeOption, organisation: OrganisationOption, as_json: JsonOption = False
) -> None:
    """List the referrers that an organisation knows.

    Example: archipel results referrer list --home /srv/archipel --organisation chu-martinique.
    """
    from archipel.app.wiring import Node

    with Node.open(Home(home)) as node:
        held = node.correspondents.of(tenant=_tenant(node, organisation))
    rows = [{"name": o.name, "mail": o.mail.value, "language": o.language} for o in held]
    show(rows, as_json=as_json)


@referrers.command("remove")
def remove_referrer(
    name: Annotated[str, typer.Argument(help="As it was added.")],
    home: HomeOption,
    organisation: OrganisationOption,
) -> None:
    """Forget a referrer's address. Links that were made stand until they are cut.

    Example: archipel results referrer remove --home /srv/archipel --organisation chu-martinique
    "POMMIER^Guy"
    """
    from archipel.app.wiring import Node
    from archipel.results.correspond import forget

    with Node.open(Home(home)) as node:
        forget(
            name,
            tenant=_tenant(node, organisation),
            correspondents=node.correspondents,
            audit=node.audit,
            by=node.office("cli").scope.actor,
            now=node.clock(),
        )
    typer.echo("removed")


@results.command("rule")
def set_rule(
    home: HomeOption,
    organisation: OrganisationOption,
    days: Annotated[
        int, typer.Option("--patient-after-days", min=-1, max=90, help="-1: see --help.")
    ] = 7,
) -> None:
    """Say when a patient is told: days after the signature; -1: once the referrer has spoken.

    Example: archipel results rule --home /srv/archipel --organisation chu-martinique
    --patient-after-days 3
    """
    from datetime import timedelta

    from archipel.app.wiring import Node
    from archipel.results.model import ReleaseRule
    from archipel.results.publish import keep_rule

    after = None if days < 0 else timedelta(days=days)
    with Node.open(Home(home)) as node:
        keep_rule(
            ReleaseRule(patient_after=after),
            tenant=_tenant(node, organisation),
            releases=node.releases,
            audit=node.audit,
            by=node.office("cli").scope.actor,
            now=node.clock(),
        )
    typer.echo("after the referrer" if after is None else f"{days} days after the signature")


def _tenant(node: "Node", organisation: str) -> "TenantId":
    from archipel.kernel.identifiers import TenantId

    tenant = TenantId(organisation)
    if node.organisations.organisation(tenant=tenant) is None:
        raise NotFound(f"no organisation {organisation}: archipel organisation list")
    return tenant
