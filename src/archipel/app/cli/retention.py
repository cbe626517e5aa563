"""Commands on how long exams are kept, and on what goes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archipel.app.cli.console import HomeOption, JsonOption, show
from archipel.app.home import Home

if TYPE_CHECKING:
    from archipel.app.wiring import Node
    from archipel.archive.keeping.disposal import Desk
    from archipel.kernel.identifiers import PatientIdentifier

retention = typer.Typer(help="How long exams are kept, and what goes.", no_args_is_help=True)
OrganisationOption = Annotated[str, typer.Option("--organisation", help="Whose exams.")]
LoginOption = Annotated[str, typer.Option("--as", help="Login of the person who says so.")]
PasswordOption = Annotated[
    str,
    typer.Option(
        "--password", prompt=True, hide_input=True, envvar="ARCHIPEL_PASSWORD", help="Asked for."
    ),
]
IssuerOption = Annotated[
    str, typer.Option("--issuer", help="Who issued the identifier; empty: the organisation.")
]


def add_to(command: typer.Typer) -> None:
    """Add these commands to the command line."""
    command.add_typer(retention, name="retention")


@retention.command("draft")
def draft(name: str) -> None:
    """Print a draft of rules. Example: archipel retention draft france-establishment."""
    from archipel.archive.keeping.retention import preset

    typer.echo(preset(name), nl=False)


@retention.command("set")
def set_rules(
    home: HomeOption,
    organisation: OrganisationOption,
    file: Annotated[Path, typer.Option("--file", help="Rules in TOML, as `draft` prints them.")],
) -> None:
    """Say how long an organisation keeps its exams. Without rules nothing ever goes.

    Example: archipel retention set --home /srv/archipel --organisation chu --file rules.toml
    """
    from archipel.archive.keeping.dispose import set_rules as say
    from archipel.archive.keeping.retention import parse

    with _operator(home, organisation) as (node, desk):
        rules = parse(file.read_text("utf-8"))
        say(rules, desk=desk, now=node.clock())
    typer.echo(f"{len(rules)} rules")


@retention.command("rules")
def rules(home: HomeOption, organisation: OrganisationOption, as_json: JsonOption = False) -> None:
    """List the rules. Example: archipel retention rules --home /srv/a --organisation chu."""
    from archipel.archive.keeping.retention import written

    with _operator(home, organisation) as (_node, desk):
        rows = [
            {"rule": one.name, "says": written(one)}
            for one in desk.register.rules(tenant=desk.tenant)
        ]
    if rows or as_json:
        show(rows, as_json=as_json)
    else:
        typer.echo("no rules: every exam is kept for ever")


@retention.command("preview")
def preview(
    home: HomeOption,
    organisation: OrganisationOption,
    each: Annotated[bool, typer.Option("--each", help="One line for each exam.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what would go, how many exams and bytes, and what keeps the others.

    Example: archipel retention preview --home /srv/archipel --organisation chu --each
    """
    from archipel.app.keeping.disposing import today_of
    from archipel.archive.keeping.dispose import preview as judged
    from archipel.archive.keeping.dispose import summary

    with _operator(home, organisation) as (node, desk):
        verdicts = judged(
            register=desk.register, tenant=desk.tenant, today=today_of(node), now=node.clock()
        )
    if each:
        rows: list[dict[str, object]] = [
            {
                "study": one.exam.key.study,
                "until": one.until,
                "rule": one.rule.name if one.rule else "",
                "bytes": one.exam.size_bytes,
                "kept_by": " ".join(sorted(bar.value for bar in one.bars)) or "nothing: may go",
            }
            for one in verdicts
        ]
    else:
        rows = [
            {"what": word, "exams": exams, "bytes": size}
            for word, (exams, size) in sorted(summary(verdicts).items())
        ]
    if rows or as_json:
        show(rows, as_json=as_json)
    else:
        typer.echo("no exam is old enough for any rule")


@retention.command("propose")
def propose(
    home: HomeOption,
    organisation: OrganisationOption,
    login: LoginOption,
    password: PasswordOption,
    why: Annotated[str, typer.Option("--why", help="For whoever approves.")] = "",
) -> None:
    """Propose that all that may go is destroyed; another person approves it.

    Example: archipel retention propose --home /srv/archipel --organisation chu --as n.payet
    """
    from archipel.app.keeping.disposing import today_of
    from archipel.archive.keeping.dispose import propose as say

    with _person(home, organisation, login, password) as (node, desk):
        made = say(why, desk=desk, today=today_of(node), now=node.clock())
    size = sum(one.size_bytes for one in made.items)
    typer.echo(f"disposal {made.number}: {len(made.items)} exams, {size} bytes, to be approved")


@retention.command("approve")
def approve(
    home: HomeOption,
    organisation: OrganisationOption,
    number: int,
    login: LoginOption,
    password: PasswordOption,
) -> None:
    """Approve a disposal that somebody else proposed: the running node carries it out.

    Example: archipel retention approve 3 --home /srv/archipel --organisation chu --as m.hoarau
    """
    _decide(home, organisation, number, login, password, yes=True)


@retention.command("refuse")
def refuse(
    home: HomeOption,
    organisation: OrganisationOption,
    number: int,
    login: LoginOption,
    password: PasswordOption,
) -> None:
    """Refuse a disposal: nothing of it goes.

    Example: archipel retention refuse 3 --home /srv/archipel --organisation chu --as m.hoarau
    """
    _decide(home, organisation, number, login, password, yes=False)


@retention.command("list")
def list_disposals(
    home: HomeOption, organisation: OrganisationOption, as_json: JsonOption = False
) -> None:
    """List disposals. Example: archipel retention list --home /srv/archipel --organisation chu."""
    with _operator(home, organisation) as (_node, desk):
        rows = [
            {
                "disposal": one.number,
                "stage": one.stage.value,
                "proposed_by": one.proposed_by,
                "proposed_at": one.proposed_at,
                "decided_by": one.decided_by,
                "decided_at": one.decided_at,
                "ended_at": one.ended_at,
                "why": one.why,
            }
            for one in desk.disposals.listed(tenant=desk.tenant)
        ]
    show(rows, as_json=as_json)


@retention.command("certificate")
def certificate(
    home: HomeOption, organisation: OrganisationOption, number: int, as_json: JsonOption = False
) -> None:
    """Print what became of each exam of a disposal: the certificate of destruction.

    Example: archipel retention certificate 3 --home /srv/archipel --organisation chu --json
    """
    from archipel.kernel.errors import NotFound

    with _operator(home, organisation) as (_node, desk):
        found = desk.disposals.disposal(number, tenant=desk.tenant)
    if found is None:
        raise NotFound(f"no disposal {number} of {organisation}")
    rows = [
        {
            "study": one.study,
            "rule": one.rule,
            "kept_until": one.until,
            "instances": one.instances,
            "bytes": one.size_bytes,
            "outcome": one.outcome.value if one.outcome else None,
            "detail": one.detail,
            "at": one.at,
            "proposed_by": found.proposed_by,
            "approved_by": found.decided_by,
        }
        for one in found.items
    ]
    show(rows, as_json=as_json)


@retention.command("hold")
def hold(
    home: HomeOption,
    organisation: OrganisationOption,
    reason: Annotated[str, typer.Option("--reason", help="Such as the number of the claim.")],
    study: Annotated[str, typer.Option("--study", help="Study Instance UID.")] = "",
    patient: Annotated[str, typer.Option("--patient", help="Identifier (0010,0020).")] = "",
    issuer: IssuerOption = "",
) -> None:
    """Lay a legal hold on an exam, or on all exams of a patient: nothing of them goes.

    Example: archipel retention hold --home /srv/archipel --organisation chu --patient 55012
    --reason "claim 2026-118"
    """
    from archipel.archive.keeping.dispose import hold as say
    from archipel.kernel.uid import Uid

    with _operator(home, organisation) as (node, desk):
        laid = say(
            study=Uid(study) if study else None,
            patient=_patient(node, desk, patient, issuer) if patient else None,
            reason=reason,
            desk=desk,
            now=node.clock(),
        )
    typer.echo(f"hold {laid.number}")


@retention.command("holds")
def holds(home: HomeOption, organisation: OrganisationOption, as_json: JsonOption = False) -> None:
    """List holds. Example: archipel retention holds --home /srv/archipel --organisation chu."""
    with _operator(home, organisation) as (_node, desk):
        rows = [
            {
                "hold": one.number,
                "study": one.study,
                "patient": one.patient,
                "reason": one.reason,
                "by": one.by,
                "at": one.at,
                "lifted_by": one.lifted_by,
                "lifted_at": one.lifted_at,
            }
            for one in desk.register.holds(tenant=desk.tenant)
        ]
    show(rows, as_json=as_json)


@retention.command("lift")
def lift(home: HomeOption, organisation: OrganisationOption, number: int) -> None:
    """Lift a hold. Example: archipel retention lift 4 --home /srv/archipel --organisation chu."""
    from archipel.archive.keeping.dispose import lift as say

    with _operator(home, organisation) as (node, desk):
        say(number, desk=desk, now=node.clock())
    typer.echo(f"hold {number} is lifted")


@retention.command("died")
def died(
    home: HomeOption,
    organisation: OrganisationOption,
    patient: Annotated[str, typer.Option("--patient", help="Identifier (0010,0020).")],
    on: Annotated[datetime, typer.Option("--on", formats=["%Y-%m-%d"])],
    issuer: IssuerOption = "",
) -> None:
    """Note when a patient died: some rules count from then.

    Example: archipel retention died --home /srv/archipel --organisation chu --patient 55012
    --on 2026-03-14
    """
    with _operator(home, organisation) as (node, desk):
        named = _patient(node, desk, patient, issuer)
        now = node.clock()
        desk.told("death of a patient", "noted", now=now)
        desk.register.died(named, on.date(), tenant=desk.tenant, by=desk.actor.name, now=now)
    typer.echo("noted")


def _decide(
    home: Path, organisation: str, number: int, login: str, password: str, *, yes: bool
) -> None:
    from archipel.archive.keeping.dispose import decide

    with _person(home, organisation, login, password) as (node, desk):
        decided = decide(number, approve=yes, desk=desk, now=node.clock())
    typer.echo(f"disposal {decided.number} is {decided.stage.value}")


def _patient(node: "Node", desk: "Desk", patient: str, issuer: str) -> "PatientIdentifier":
    from archipel.kernel.errors import NotFound
    from archipel.kernel.identifiers import Issuer, PatientIdentifier

    held = node.organisations.organisation(tenant=desk.tenant)
    if held is None:
        raise NotFound(f"no organisation {desk.tenant} is at home here")
    return PatientIdentifier(patient, Issuer(issuer) if issuer else held.issuer)


@contextmanager
def _operator(home: Path, organisation: str) -> "Iterator[tuple[Node, Desk]]":
    from archipel.app.keeping.disposing import operators_desk
    from archipel.app.wiring import Node
    from archipel.kernel.identifiers import TenantId

    with Node.open(Home(home)) as node:
        yield node, operators_desk(node, TenantId(organisation))


@contextmanager
def _person(
    home: Path, organisation: str, login: str, password: str
) -> "Iterator[tuple[Node, Desk]]":
    from archipel.app.keeping.disposing import persons_desk
    from archipel.app.wiring import Node
    from archipel.kernel.identifiers import TenantId

    with Node.open(Home(home)) as node:
        yield node, persons_desk(node, TenantId(organisation), login, password)
