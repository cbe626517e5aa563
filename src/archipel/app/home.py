"""The home directory of a node: what lies where."""

import logging
from dataclasses import dataclass
from pathlib import Path

from archipel.app.settings import Settings, load
from archipel.kernel.errors import Conflict, NotFound

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Home:
    """Paths of one node. Nothing else in the program joins them."""

    root: Path

    @property
    def settings_file(self) -> Path:
        """Return the file an administrator edits."""
        return self.root / "settings.toml"

    @property
    def keys(self) -> Path:
        """Return the directory of secrets, readable by the node alone."""
        return self.root / "keys"

    @property
    def peer_keys(self) -> Path:
        """Return the directory of what this node is in its archipelago; absent: in none."""
        return self.keys / "peer"

    @property
    def portal_key_file(self) -> Path:
        """Return the file of the key that opens links of the portal."""
        return self.keys / "portal.key"

    @property
    def pseudonym_key_file(self) -> Path:
        """Return the file of the key under which pseudonyms are made."""
        return self.keys / "pseudonyms.key"

    @property
    def webhook_key_file(self) -> Path:
        """Return the file of the key from which the secrets of webhooks follow."""
        return self.keys / "webhooks.key"

    @property
    def blackouts_file(self) -> Path:
        """Return the file of rules that say where images show text; there need not be one."""
        return self.root / "blackouts.toml"

    @property
    def journal(self) -> Path:
        """Return the directory of journal segments."""
        return self.root / "journal"

    @property
    def packs(self) -> Path:
        """Return the directory of sealed series."""
        return self.root / "packs"

    @property
    def host_file(self) -> Path:
        """Return the file that tells this home from copies of its settings and keys."""
        return self.root / "host.id"

    @property
    def cache(self) -> Path:
        """Return the directory of what was read of an object store; it may go at any time."""
        return self.root / "cache"

    @property
    def run(self) -> Path:
        """Return the directory of what only matters while the node runs."""
        return self.root / "run"

    @property
    def work_file(self) -> Path:
        """Return the database of durable work."""
        return self.root / "work.db"

    def settings(self) -> Settings:
        """Read the settings. Raises `NotFound` when this is no node's home, `Malformed`."""
        if not self.settings_file.exists():
            raise NotFound(f"{self.root} is no node's home: create one with `archipel init`")
        return load(self.settings_file)

    def database_url(self, settings: Settings) -> str:
        """Return where the index lives."""
        return settings.database.url or f"sqlite:///{self.root / 'index.db'}"

    def work_url(self, settings: Settings) -> str:
        """Return where durable work waits: beside an index of SQLite, within PostgreSQL."""
        return settings.database.url or f"sqlite:///{self.work_file}"

    def create(self, *, name: str, community: str, database: str = "") -> None:
        """Lay out a new home, its index at `database` or in it. Raises `Conflict` if one is."""
        if self.settings_file.exists():
            raise Conflict(f"{self.root} is a node's home already")
        for directory in (self.root, self.keys, self.journal, self.packs, self.run):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.settings_file.write_text(_settings_text(name, community, database))


def noted(path: Path, content: str | bytes) -> bool:
    """Put a small file for the other processes in place in one step; False where none could be.

    Figures are no reason to die: on a full disk the file stays older, and its writer goes on.
    """
    fresh = path.with_suffix(".new")
    try:
        fresh.write_bytes(content.encode() if isinstance(content, str) else content)
        fresh.replace(path)
    except OSError as failure:
        _LOG.warning("%s cannot be written: %s", path.name, failure.strerror)
        return False
    return True


def _settings_text(name: str, community: str, database: str) -> str:
    quoted = {ord('"'): '\\"', ord("\\"): "\\\\"}
    where = f'\n[database]\nurl = "{database.translate(quoted)}"\n' if database else ""
    return (
        "# Settings of this node; docs/operate/settings.md lists them all.\n"
        "[node]\n"
        f'name = "{name.translate(quoted)}"\n'
        f'community = "{community.translate(quoted)}"\n'
        f"{where}"
    )
