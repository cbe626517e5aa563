"""Starting texts of reports, read from the data beside this module.

Headings and prompts only: no finding is written before anybody has looked.
"""

import tomllib
from dataclasses import dataclass
from importlib.resources import files

from archipel.reading.model import Section, SectionCode, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A starting text for the exams of some modalities, in one language."""

    key: str
    title: str
    language: str
    modalities: tuple[str, ...]
    sections: tuple[Section, ...]


def read(text: str) -> tuple[Template, ...]:
    """Read templates written in TOML, one table each."""
    return tuple(
        Template(
            key=key,
            title=written["title"],
            language=written["language"],
            modalities=tuple(written["modalities"]),
            sections=tuple(
                Section(code=code, blocks=(Text(text=written[code.value]),))
                for code in SectionCode
                if code.value in written
            ),
        )
        for key, written in tomllib.loads(text).items()
    )


TEMPLATES = read(files("archipel.reading").joinpath("templates.toml").read_text("utf-8"))
