"""The bytes of a signed version, and its name: SHA-256 over them.

Canonical JSON: UTF-8, keys sorted, no spaces, every field written, times as ISO 8601 (UTC with
microseconds; local time of a site without a zone), numbers as the shortest text that reads back
the same. Reading checks that writing gives the same bytes again, so that one document has one
name on every node.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import AccessionNumber, Issuer, PatientIdentifier, TenantId
from archipel.kernel.uid import Uid
from archipel.reading.document import Addendum, Document, Examination, Signer, Subject
from archipel.reading.model import (
    Block,
    ExamId,
    KeyImage,
    Measurement,
    ReportState,
    Section,
    SectionCode,
    Text,
    Window,
)

FORMAT = "archipel.report/1"
MAX_BYTES = 4 << 20
"""A report is text; one that is longer than this is none."""


def digest_of(content: bytes) -> str:
    """Name a version by its canonical bytes."""
    return hashlib.sha256(content).hexdigest()


def write(document: Document) -> bytes:
    """Write a document as its canonical bytes."""
    plain = _document(document)
    text = json.dumps(
        plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return text.encode()


def read(content: bytes) -> Document:
    """Read canonical bytes. Raises `Malformed` for whatever `write` would not have written."""
    if len(content) > MAX_BYTES:
        raise Malformed(f"a report document has at most {MAX_BYTES} bytes, not {len(content)}")
    try:
        document = _read(json.loads(content))
        again = write(document)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as why:
        raise Malformed(f"not a report document ({type(why).__name__})") from None
    if again != content:
        raise Malformed("not a report document in its canonical bytes")
    return document


def _document(said: Document) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "accepted": list(said.accepted),
        "addenda": [_addendum(one) for one in said.addenda],
        "examination": _examination(said.examination),
        "fence": said.fence,
        "important": said.important,
        "key_images": [_key_image(one) for one in said.key_images],
        "language": said.language,
        "node": said.node,
        "parents": list(said.parents),
        "plain_words": said.plain_words,
        "reason": said.reason,
        "request": said.request,
        "sections": [
            {"code": one.code.value, "blocks": [_block(block) for block in one.blocks]}
            for one in said.sections
        ],
        "signed_at": _instant(said.signed_at),
        "signer": _signer(said.signer),
        "stale": said.stale,
        "state": said.state.value,
        "subject": {
            "birth_date": said.subject.birth_date,
            "identifier": said.subject.identifier.value,
            "issuer": said.subject.identifier.issuer.namespace,
            "name": said.subject.name,
            "sex": said.subject.sex,
        },
    }


def _examination(said: Examination) -> dict[str, Any]:
    accession = said.accession
    return {
        "accession": accession
        and {"value": accession.value, "issuer": accession.issuer.namespace},
        "body_part": said.body_part,
        "custodian_finess": said.custodian_finess,
        "custodian_name": said.custodian_name,
        "description": said.description,
        "exam": str(said.exam),
        "modalities": list(said.modalities),
        "referring_physician": said.referring_physician,
        "studied": said.studied and said.studied.isoformat(timespec="microseconds"),
    }


def _signer(said: Signer) -> dict[str, Any]:
    return {
        "finess": said.finess,
        "login": said.login,
        "name": said.name,
        "organisation": said.organisation.value,
        "organisation_name": said.organisation_name,
        "rpps": said.rpps,
    }


def _addendum(said: Addendum) -> dict[str, Any]:
    return {
        "blocks": [_block(block) for block in said.blocks],
        "signed_at": _instant(said.signed_at),
        "signer": _signer(said.signer),
    }


def _key_image(said: KeyImage) -> dict[str, Any]:
    return {
        "caption": said.caption,
        "frame": said.frame,
        "series": said.series.value,
        "sop_instance": said.sop_instance.value,
        "study": said.study.value,
        "window": said.window and {"center": said.window.center, "width": said.window.width},
    }


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, Text):
        return {"text": block.text}
    return {
        "deleted": block.deleted,
        "frame": block.frame,
        "id": block.id,
        "label": block.label,
        "series": block.series.value,
        "sop_instance": block.sop_instance.value,
        "study": block.study.value,
        "unit": block.unit,
        "value": block.value,
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


Plain = Mapping[str, Any]


def _read(plain: Plain) -> Document:
    if plain["format"] != FORMAT:
        raise ValueError("another format")
    subject = plain["subject"]
    return Document(
        accepted=_texts(plain["accepted"]),
        addenda=tuple(_addendum_of(one) for one in plain["addenda"]),
        examination=_examination_of(plain["examination"]),
        fence=int(plain["fence"]),
        important=bool(plain["important"]),
        key_images=tuple(_key_image_of(one) for one in plain["key_images"]),
        language=_text(plain["language"]),
        node=_text(plain["node"]),
        parents=_texts(plain["parents"]),
        plain_words=_text(plain["plain_words"]),
        reason=_text(plain["reason"]),
        request=plain["request"] and _text(plain["request"]),
        sections=tuple(
            Section(
                code=SectionCode(one["code"]), blocks=tuple(_block_of(b) for b in one["blocks"])
            )
            for one in plain["sections"]
        ),
        signed_at=datetime.fromisoformat(plain["signed_at"]),
        signer=_signer_of(plain["signer"]),
        stale=bool(plain["stale"]),
        state=ReportState(plain["state"]),
        subject=Subject(
            name=_text(subject["name"]),
            sex=_text(subject["sex"]),
            birth_date=_text(subject["birth_date"]),
            identifier=PatientIdentifier(
                _text(subject["identifier"]), Issuer(_text(subject["issuer"]))
            ),
        ),
    )


def _examination_of(plain: Plain) -> Examination:
    accession, studied = plain["accession"], plain["studied"]
    return Examination(
        exam=ExamId.parse(plain["exam"]),
        custodian_name=_text(plain["custodian_name"]),
        custodian_finess=plain["custodian_finess"],
        accession=accession and AccessionNumber(accession["value"], Issuer(accession["issuer"])),
        description=_text(plain["description"]),
        modalities=_texts(plain["modalities"]),
        body_part=_text(plain["body_part"]),
        referring_physician=_text(plain["referring_physician"]),
        studied=datetime.fromisoformat(studied) if studied else None,
    )


def _signer_of(plain: Plain) -> Signer:
    return Signer(
        login=_text(plain["login"]),
        name=_text(plain["name"]),
        organisation=TenantId(plain["organisation"]),
        organisation_name=_text(plain["organisation_name"]),
        rpps=plain["rpps"],
        finess=plain["finess"],
    )


def _addendum_of(plain: Plain) -> Addendum:
    return Addendum(
        blocks=tuple(_block_of(one) for one in plain["blocks"]),
        signer=_signer_of(plain["signer"]),
        signed_at=datetime.fromisoformat(plain["signed_at"]),
    )


def _key_image_of(plain: Plain) -> KeyImage:
    window = plain["window"]
    return KeyImage(
        study=Uid(plain["study"]),
        series=Uid(plain["series"]),
        sop_instance=Uid(plain["sop_instance"]),
        frame=int(plain["frame"]),
        window=window and Window(center=float(window["center"]), width=float(window["width"])),
        caption=_text(plain["caption"]),
    )


def _block_of(plain: Plain) -> Block:
    if "text" in plain:
        return Text(text=_text(plain["text"]))
    return Measurement(
        id=_text(plain["id"]),
        label=_text(plain["label"]),
        value=float(plain["value"]),
        unit=_text(plain["unit"]),
        study=Uid(plain["study"]),
        series=Uid(plain["series"]),
        sop_instance=Uid(plain["sop_instance"]),
        frame=int(plain["frame"]),
        deleted=bool(plain["deleted"]),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    value.encode()  # a lone surrogate has no bytes
    return value


def _texts(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(_text(one) for one in values)
