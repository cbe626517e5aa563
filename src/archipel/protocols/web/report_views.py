"""Reports as the front end reads and writes them."""

from collections.abc import Iterable, Sequence

from archipel.kernel.uid import Uid
from archipel.protocols.web.models.report import (
    Block,
    KeyImage,
    MeasurementBlock,
    ReportVersion,
    ReportView,
    ReportWrite,
    Section,
    SectionView,
    TextBlock,
    Window,
)
from archipel.reading import model
from archipel.reading.model import LOINC, Draft, ExamId, ReportHead, SectionCode


def report_view(exam: ExamId, draft: Draft | None) -> ReportView:
    """Return the report; empty sections where nothing is written."""
    sections = section_views(draft.sections if draft else ())
    if draft is None:
        return ReportView(
            exam=str(exam),
            state="none",
            version=0,
            template=None,
            sections=sections,
            key_images=[],
            author_login=None,
            author_name=None,
            saved_at=None,
        )
    return ReportView(
        exam=str(exam),
        state="draft" if draft.head.signed is None else "closed",
        version=draft.head.version,
        template=draft.template,
        sections=sections,
        key_images=[key_image_view(one) for one in draft.key_images],
        plain_words=draft.plain_words,
        important=draft.important,
        purpose=draft.purpose.value,
        reason=draft.reason,
        author_login=draft.head.author.login,
        author_name=draft.head.author.name,
        saved_at=draft.head.saved_at,
    )


def content_of(wanted: ReportWrite) -> model.Content:
    """Read what somebody wrote. Raises `Malformed`."""
    return model.Content(
        sections=sections_of(wanted.sections),
        template=wanted.template,
        key_images=tuple(_key_image(image) for image in wanted.key_images),
        plain_words=wanted.plain_words,
        important=wanted.important,
        reason=wanted.reason,
    )


def key_image_view(image: model.KeyImage) -> KeyImage:
    """Return one key image."""
    seen = image.window
    return KeyImage(
        study_instance_uid=image.study.value,
        series_instance_uid=image.series.value,
        sop_instance_uid=image.sop_instance.value,
        frame=image.frame,
        window=Window(center=seen.center, width=seen.width) if seen else None,
        caption=image.caption,
    )


def version_view(head: ReportHead) -> ReportVersion:
    """Return the head of one version."""
    return ReportVersion(
        version=head.version,
        author_login=head.author.login,
        author_name=head.author.name,
        saved_at=head.saved_at,
    )


def section_views(sections: Iterable[model.Section]) -> list[SectionView]:
    """Return every section in the order of a report, also those that nobody wrote."""
    written = {section.code: section.blocks for section in sections}
    return [
        SectionView(
            code=code.value,
            blocks=[_block_view(block) for block in written.get(code, ())],
            loinc=LOINC[code][0],
            loinc_title=LOINC[code][1],
        )
        for code in SectionCode
    ]


def sections_of(sections: Sequence[Section]) -> tuple[model.Section, ...]:
    """Read what the front end sends. Raises `Malformed`."""
    return tuple(
        model.Section(
            code=SectionCode(section.code), blocks=tuple(_block(one) for one in section.blocks)
        )
        for section in sections
    )


def _key_image(image: KeyImage) -> model.KeyImage:
    seen = image.window
    return model.KeyImage(
        study=Uid(image.study_instance_uid),
        series=Uid(image.series_instance_uid),
        sop_instance=Uid(image.sop_instance_uid),
        frame=image.frame,
        window=model.Window(center=seen.center, width=seen.width) if seen else None,
        caption=image.caption,
    )


def _block(block: Block) -> model.Block:
    if isinstance(block, TextBlock):
        return model.Text(text=block.text)
    return model.Measurement(
        id=block.id,
        label=block.label,
        value=block.value,
        unit=block.unit,
        study=Uid(block.study_instance_uid),
        series=Uid(block.series_instance_uid),
        sop_instance=Uid(block.sop_instance_uid),
        frame=block.frame,
        deleted=block.deleted,
    )


def _block_view(block: model.Block) -> Block:
    if isinstance(block, model.Text):
        return TextBlock(text=block.text)
    return MeasurementBlock(
        id=block.id,
        label=block.label,
        value=block.value,
        unit=block.unit,
        study_instance_uid=block.study.value,
        series_instance_uid=block.series.value,
        sop_instance_uid=block.sop_instance.value,
        frame=block.frame,
        deleted=block.deleted,
    )
