"""Where a node moves to: the sections `[database]` and `[objects]` of a small file."""

import os
import tomllib
from dataclasses import replace
from pathlib import Path

from archipel.app.home import Home
from archipel.app.settings import Settings, load
from archipel.kernel.errors import Malformed, NotFound

SECTIONS = ("database", "objects")


def target_of(home: Home, file: Path) -> Settings:
    """Return the settings of the node as they will be. Raises `NotFound`, `Malformed`."""
    if not file.exists():
        raise NotFound(f"{file}: no such file; it names [database] and [objects] to move into")
    try:
        named = set(tomllib.loads(file.read_text()))
    except tomllib.TOMLDecodeError as error:
        raise Malformed(f"{file.name}: {error}") from error
    if not named or not named <= set(SECTIONS):
        raise Malformed(f"{file.name} has the sections [database] and [objects], nothing else")
    told, known = load(file, {}), home.settings()
    wanted = replace(known, **{name: getattr(told, name) for name in named})
    wanted.check_doors()
    return wanted


def write_settings(home: Home, file: Path) -> None:
    """Put the sections of `file` in the node's settings, in one step; the former stay beside."""
    known, told = home.settings_file.read_text(), file.read_text()
    named = {name for name in SECTIONS if name in tomllib.loads(told)}
    kept = "".join(part for name, part in _sections(known) if name not in named)
    added = "".join(part for name, part in _sections(told) if name in named)
    fresh = home.root / "settings.toml.new"
    with fresh.open("w") as written:
        written.write(f"{kept.rstrip()}\n\n{added.strip()}\n")
        written.flush()
        os.fsync(written.fileno())
    fresh.chmod(0o600)
    load(fresh, {})  # what cannot be read is not put in place
    (home.root / "settings.toml.before-move").write_text(known)
    fresh.replace(home.settings_file)


def _sections(text: str) -> list[tuple[str, str]]:
    """Cut a settings file at its headers; comments stay with what they stand before or in."""
    found: list[tuple[str, str]] = [("", "")]
    for line in text.splitlines(keepends=True):
        stripped = line.strip()
        if stripped.startswith("[") and "]" in stripped:
            found.append((stripped[1 : stripped.index("]")].strip(), ""))
        name, part = found[-1]
        found[-1] = (name, part + line)
    return found
