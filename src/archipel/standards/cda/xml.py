"""XML elements of a clinical document, made so that no text can become markup."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, tostring

# What XML 1.0 (section 2.2) cannot hold in any form, and lone surrogates.
_IMPOSSIBLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(name: str, *children: Element | str | None, **attributes: str) -> Element:
    """Make an element. Strings become text; None is left out; `class_` writes `class`."""
    made = Element(name, {key.rstrip("_"): clean(text) for key, text in attributes.items()})
    last: Element | None = None
    for child in children:
        if isinstance(child, Element):
            made.append(child)
            last = child
        elif child and last is None:
            made.text = (made.text or "") + clean(child)
        elif child and last is not None:
            last.tail = (last.tail or "") + clean(child)
    return made


def code(
    value: str, system: str, name: str = "", *children: Element, tag: str = "code"
) -> Element:
    """Make a coded value; `system` is an OID."""
    attributes = {"code": value, "codeSystem": system}
    if name:
        attributes["displayName"] = name
    return element(tag, *children, **attributes)


def identifier(root: str, extension: str | None = None) -> Element:
    """Make an instance identifier (II)."""
    if extension is None:
        return element("id", root=root)
    return element("id", root=root, extension=extension)


def time(at: datetime, tag: str = "effectiveTime") -> Element:
    """Write a moment with its zone, to the second."""
    return element(tag, value=f"{at.astimezone(UTC):%Y%m%d%H%M%S}+0000")


def paragraphs(text: str) -> Iterable[Element]:
    """Write narrative text: a paragraph for each block of lines, br for a line end."""
    for block in text.strip().split("\n\n"):
        lines = block.split("\n")
        parts: list[Element | str] = [lines[0]]
        for line in lines[1:]:
            parts += [element("br"), line]
        yield element("paragraph", *parts)


def clean(text: str) -> str:
    """Leave out what XML cannot hold."""
    return _IMPOSSIBLE.sub("", text)


def written(root: Element) -> bytes:
    """Write a document with its declaration, UTF-8."""
    head = b'<?xml version="1.0" encoding="UTF-8"?>\n'
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=False)
    return head + body
