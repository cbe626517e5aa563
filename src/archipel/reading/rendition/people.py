"""Names, dates and sexes as people read them."""

from datetime import date, datetime


def name_parts(sent: str) -> tuple[str, str]:
    """Return family and given names of a person name (PS3.5 section 6.2.1.1)."""
    parts = [*sent.split("=", 1)[0].split("^"), "", ""]
    return parts[0].strip(), " ".join(one.strip() for one in parts[1:3] if one.strip())


def written_name(sent: str) -> str:
    """Return a person name with the family name first: `TEST-BALISIER Eléonore`."""
    return " ".join(part for part in name_parts(sent) if part)


def day(sent: str) -> date | None:
    """Read a DA value (PS3.5 section 6.2); None where it is no day."""
    digits = sent.replace(".", "").strip()
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def age(born: date, at: datetime | date) -> int:
    """Count the whole years lived at a moment."""
    return at.year - born.year - ((at.month, at.day) < (born.month, born.day))
