"""`archipel agreement`: made, listed, ended; what is wrong is said."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from archipel.app.cli import command
from archipel.app.create import create_node
from archipel.app.home import Home
from archipel.kernel.errors import ArchipelError, Conflict, Malformed, NotFound


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("node") / "home"
    create_node(Home(root), name="CH TEST", community="guyane")
    return root


def said(home: Path, *words: str) -> str:
    answer = CliRunner().invoke(
        command, ["agreement", *words[:1], "--home", str(home), *words[1:]]
    )
    if isinstance(answer.exception, ArchipelError):
        raise answer.exception
    assert answer.exit_code == 0, answer.output
    return answer.output


WHOM = ("--asking", "ch-test", "--level", "sister-region", "--partner")
MARTINIQUE = "chu-martinique@mq:CHU de Martinique"


def test_an_agreement_is_made_listed_and_ended(home: Path) -> None:
    terms = (
        "--term",
        "hours=18:00-08:00",
        "--term",
        "zone=America/Martinique",
        "--term",
        "stat=10",
    )
    made = said(home, "add", "night", *WHOM, MARTINIQUE, *terms, "--term", "modality=ct")
    assert "ch-test may ask chu-martinique at mq" in made
    assert "archipel peer agree" in made  # nothing is shared with that node yet
    listed = said(home, "list", "--json")
    assert '"modalities": "CT"' in listed
    assert '"ended": false' in listed
    said(home, "end", "night", "--asking", "ch-test")
    assert '"ended": true' in said(home, "list", "--json")
    with pytest.raises(Conflict):
        said(home, "end", "night", "--asking", "ch-test")


@pytest.mark.parametrize(
    "term", ["hours=late", "zone=Nowhere/Else", "stat=soon", "colour=red", "phone"]
)
def test_a_term_that_means_nothing_is_refused(home: Path, term: str) -> None:
    with pytest.raises(Malformed):
        said(home, "add", "wrong", *WHOM, MARTINIQUE, "--term", term)


def test_a_partner_that_is_not_at_home_is_named_with_its_node(home: Path) -> None:
    with pytest.raises(NotFound):
        said(home, "add", "wrong", *WHOM, "nobody")
    with pytest.raises(Malformed):
        said(home, "add", "wrong", *WHOM, "nobody@mq")
