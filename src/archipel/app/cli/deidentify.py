"""The command that lets an exam leave without its names."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from archipel.app.cli.console import HomeOption, JsonOption, show
from archipel.app.home import Home
from archipel.kernel.errors import Malformed

if TYPE_CHECKING:
    from archipel.app.operations.deidentifying import Pieces


def add_to(command: typer.Typer) -> None:
    """Add this command to the command line."""
    command.command("deidentify")(deidentify)


def deidentify(
    exam: Annotated[str, typer.Argument(help="Owner and study, as `owner~StudyInstanceUID`.")],
    home: HomeOption,
    project: Annotated[str, typer.Option("--project", help="Pseudonyms are the same within it.")],
    out: Annotated[
        Path, typer.Option("--out", help="The archive to write; it must not be there.")
    ],
    options: Annotated[
        list[str] | None, typer.Option("--option", help="An option of PS3.15 E.3; repeatable.")
    ] = None,
    leave_out: Annotated[
        bool, typer.Option("--leave-out", help="Leave out what cannot be made to name nobody.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write an exam as a ZIP of DICOM files that name nobody (PS3.15 Annex E); audited.

    Options: pixels, graphics, structured-content, descriptors, full-dates, modified-dates,
    characteristics, device, uids, safe-private, institution.

    Example: archipel deidentify --home /srv/archipel --project sein-2026 --option modified-dates
    --out exam.zip chu-martinique~1.2.250.1.99
    """
    from pydantic import ValidationError

    from archipel.app.operations.deidentifying import Deidentifying
    from archipel.app.wiring import Node
    from archipel.protocols.web.models.deidentifying import DeidentifyRequest
    from archipel.reading.model import ExamId

    try:
        wish = DeidentifyRequest.model_validate(
            {"project": project, "options": options or [], "leave_out": leave_out}
        )
    except ValidationError as wrong:
        raise Malformed(f"{wrong.errors()[0]['loc'][0]}: {wrong.errors()[0]['msg']}") from None
    with Node.open(Home(home)) as node:
        scope = node.office("cli").scope
        made = Deidentifying(node, door="cli").export(ExamId.parse(exam), wish, scope=scope)
        try:
            with closing(cast("Pieces", made.pieces)), out.open("xb") as file:
                file.writelines(made.pieces)
        except OSError as failure:
            raise Malformed(f"{out} cannot be written: {failure.strerror}") from failure
    summary = {"objects": made.objects, "left_out": made.left_out, "bytes": made.size_bytes}
    show([summary], as_json=as_json)
