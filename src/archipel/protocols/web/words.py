"""Names and days as DICOM writes them, for screens."""

from datetime import date


def name_parts(sent: str) -> tuple[str, str]:
    """Return family and given names of a person name (PS3.5 section 6.2.1.1)."""
    parts = [*sent.split("=", 1)[0].split("^"), "", ""]
    middle = f" {parts[2]}" if parts[2] else ""
    return parts[0].strip(), f"{parts[1]}{middle}".strip()


def readable(sent: str) -> str:
    """Return a person name as one says it: given name, then family name."""
    family, given = name_parts(sent)
    return f"{given} {family}".strip()


def day(sent: str) -> date | None:
    """Read a DA value (PS3.5 section 6.2); None where it is no day."""
    digits = sent.replace(".", "").strip()
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None
