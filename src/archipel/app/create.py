"""Make a new node: its home, its database, its first organisation and administrator's token."""

import re
import unicodedata
from dataclasses import dataclass

from archipel.access import enrol
from archipel.access.model import Organisation
from archipel.app.home import Home
from archipel.app.peer_keys import name_of
from archipel.app.wiring import Node
from archipel.stores.sql.facts import open_log
from archipel.stores.sql.migrations import migrate

KEY_LENGTH = 48


@dataclass(frozen=True, slots=True)
class Created:
    """What `archipel init` has to say. The token is shown once and kept only as a digest."""

    organisation: Organisation
    token: str


def create_node(home: Home, *, name: str, community: str, database: str = "") -> Created:
    """Lay out a node in `home`. Raises `Conflict` when there is one."""
    home.create(name=name, community=community, database=database)
    with Node.open(home) as node:
        migrate(node.database)
        with node.database.write() as connection:
            open_log(connection, name_of(node.settings), now=node.clock())
        office = node.office("init")
        wanted = enrol.organisation_from(key_of(name), name)
        organisation = enrol.add_organisation(wanted, office=office, now=node.clock())
        token, _ = enrol.await_administrator(organisation.key, office=office, now=node.clock())
    return Created(organisation, token)


def key_of(name: str) -> str:
    """Derive an organisation's key from its name: "CH de l'Ouest" is ch-de-l-ouest."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:KEY_LENGTH].strip("-") or "node"
