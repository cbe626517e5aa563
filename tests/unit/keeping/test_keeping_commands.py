"""The commands of the keeping room on a node's home, as an operator types them."""

import json
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from archipel.access.enrol import add_person_with_password
from archipel.access.model import Role
from archipel.app.cli import command
from archipel.app.create import create_node
from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.kernel.clock import utc_now
from archipel.kernel.errors import Refused
from archipel.stores.sql.schema.archive import study
from archipel.testing.access_builders import person
from archipel.testing.archipelago.travelling import TravellingNode

PASSWORD = "correct horse battery staple 7"


def say(*words: str, code: int = 0) -> str:
    answer = CliRunner().invoke(command, list(words), env={"ARCHIPEL_PASSWORD": PASSWORD})
    assert answer.exit_code == code, answer.output or answer.exception
    return answer.stdout


@pytest.mark.slow
def test_a_scrub_and_a_disposal_from_the_command_line(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    created = create_node(home, name="TEST", community="test")
    tenant = created.organisation.key
    with Node.open(home) as node:
        for login in ("n.payet", "m.hoarau"):
            one = person(login, tenant=tenant, role=Role.SITE_ADMIN)
            add_person_with_password(one, PASSWORD, office=node.office("test"), now=utc_now())
    storage = TravellingNode(home.root, name="test", tenant=tenant)
    key = storage.study(series=(1,))
    with storage.database.write() as connection:  # the phantom's day is years ago
        connection.execute(update(study).values(moment="20010105000000000000"))
    storage.close()
    at = ("--home", str(home.root), "--organisation", tenant.value)
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rule]]\nname = "one"\nyears = 1\n')

    (told,) = json.loads(say("scrub", "--home", str(home.root), "--json"))
    assert (told["objects"], told["damaged"], told["open"]) == (1, 0, 0)
    assert "R1112-7" in say("retention", "draft", "france-establishment")
    assert "for ever" in say("retention", "rules", *at)
    say("retention", "set", *at, "--file", str(rules))
    say("retention", "hold", *at, "--study", key.study.value, "--reason", "claim")
    (shown,) = json.loads(say("retention", "preview", *at, "--each", "--json"))
    assert shown["study"] == key.study.value
    assert shown["kept_by"] == "held"
    say("retention", "lift", "1", *at)
    say("retention", "propose", *at, "--as", "n.payet")
    answer = CliRunner().invoke(
        command,
        ["retention", "approve", "1", *at, "--as", "n.payet"],
        env={"ARCHIPEL_PASSWORD": PASSWORD},
    )
    assert isinstance(answer.exception, Refused)
    say("retention", "approve", "1", *at, "--as", "m.hoarau")
    (line,) = json.loads(say("retention", "certificate", "1", *at, "--json"))
    assert (line["outcome"], line["approved_by"]) == (None, "m.hoarau")  # the node is not running
    (listed,) = json.loads(say("retention", "list", *at, "--json"))
    assert listed["stage"] == "approved"


def test_damage_is_told_with_exit_one(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    tenant = create_node(home, name="TEST", community="test").organisation.key
    storage = TravellingNode(home.root, name="test", tenant=tenant)
    storage.study(series=(1,))
    storage.journal.close()
    storage.tidy()
    storage.close()
    (pack,) = (home.packs / tenant.value).glob("*.pack")
    pack.write_bytes(pack.read_bytes()[:-70])

    (told,) = json.loads(say("scrub", "--home", str(home.root), "--json", code=1))

    assert told["open"] == 1
    assert told["damage"][0]["name"] == f"{tenant}/{pack.name}"
    (again,) = json.loads(say("scrub", "--home", str(home.root), "--status", "--json", code=1))
    assert again["damage"][0]["tried"] == "the journal has no second copy"
    assert "damage" in say("status", "--home", str(home.root))
