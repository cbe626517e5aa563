"""The command `archipel conform URL`."""

import os
import sys
from enum import Enum
from typing import Annotated

import typer

from archipel.kernel.errors import Malformed


class Form(Enum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


TOKEN = "ARCHIPEL_CONFORM_TOKEN"  # noqa: S105  (the name of a variable)


def add_to(command: typer.Typer) -> None:
    """Add this command to the command line."""
    command.command("conform")(conform)


def conform(
    url: Annotated[str, typer.Argument(help="The server's base, as http://host:port/dicomweb.")],
    form: Annotated[
        Form, typer.Option("--as", help="Text, JSON or a Markdown table.")
    ] = Form.TEXT,
    only: Annotated[
        str, typer.Option("--only", help="Checks whose name begins so, as `qido` or `uri.frame`.")
    ] = "",
    wado_uri: Annotated[
        str, typer.Option("--wado-uri", help="Its WADO-URI service. Default: URL/wado.")
    ] = "",
    *,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Accept a certificate that nobody vouches for.")
    ] = False,
) -> None:
    """Check a DICOMweb server against PS3.18.

    Two small studies of a fictional patient (TEST-...) are stored on the server and stay there.
    A bearer token is taken from the variable ARCHIPEL_CONFORM_TOKEN. Exit status: 0 when nothing
    failed, 1 when something did or the server does not answer, 2 when called amiss.

    Example: archipel conform http://127.0.0.1:8042/dicom-web --wado-uri http://127.0.0.1:8042/wado
    """
    import httpx

    from archipel.testing.conform.model import Verdict
    from archipel.testing.conform.report import as_json, as_markdown, line, score
    from archipel.testing.conform.run import findings, prepare
    from archipel.testing.conform.server import Server

    if not url.startswith(("http://", "https://")):
        raise Malformed(f"a server is named by its address, http:// or https://: {url!r}")
    base = url.rstrip("/")
    token = os.environ.get(TOKEN, "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(headers=headers, verify=not insecure) as http:
        trial = prepare(Server(base, wado_uri or f"{base}/wado", http))
        told = (lambda finding: typer.echo(line(finding))) if form is Form.TEXT else None
        found = findings(trial, only=only, told=told)
    if not found:
        raise Malformed(f"no check has a name that begins with {only!r}")
    if form is Form.JSON:
        typer.echo(as_json(base, found))
    elif form is Form.MARKDOWN:
        typer.echo(as_markdown({base: found}), nl=False)
    else:
        typer.echo(score(found))
    if any(finding.verdict is Verdict.FAIL for finding in found):
        sys.exit(1)
