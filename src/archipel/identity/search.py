"""Finding a person by what one knows: words of the name, a birth date, an identifier.

Accents, case and order do not count; words of a name may be begun only. A word with a digit is a
birth date if it can be one (as people write it here, day first), else an identifier.
"""

import re
from collections.abc import Sequence
from datetime import date

from archipel.identity.model import Person
from archipel.identity.ports import Persons
from archipel.kernel.actors import Scope
from archipel.kernel.errors import Malformed
from archipel.standards.dicom.matching import words_of

_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_YEAR_FIRST = re.compile(r"(\d{4})[/.-]?(\d{2})[/.-]?(\d{2})")
_MAX_WORDS = 8


def find(text: str, *, scope: Scope, persons: Persons, limit: int = 25) -> Sequence[Person]:
    """Find persons within `scope`, seen last first. Raises `Malformed` when nothing is asked."""
    words: list[str] = []
    identifiers: list[str] = []
    birth_date = ""
    for part in text.split()[:_MAX_WORDS]:
        born = _birth_date(part)
        if born and not birth_date:
            birth_date = born
        elif any(sign.isdigit() for sign in part):
            identifiers.append(part)
        else:
            words += words_of(part)
    if not (words or identifiers or birth_date):
        raise Malformed("say a name, a birth date or an identifier")
    return persons.find(
        words=words[:_MAX_WORDS],
        identifiers=identifiers,
        birth_date=birth_date,
        scope=scope,
        limit=limit,
    )


def _birth_date(text: str) -> str:
    """Return YYYYMMDD, or nothing when it is no day of the calendar."""
    if found := _DAY_FIRST.fullmatch(text):
        day, month, year = found.groups()
    elif found := _YEAR_FIRST.fullmatch(text):
        year, month, day = found.groups()
    else:
        return ""
    try:
        return date(int(year), int(month), int(day)).strftime("%Y%m%d")
    except ValueError:
        return ""
