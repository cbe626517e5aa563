"""Small whole instances, made on the spot: for tests that need bytes, not anatomy."""

from dataclasses import dataclass

from archipel.kernel.uid import Uid
from archipel.protocols.dimse.outgoing import Outgoing
from archipel.standards.dicom import dataset as datasets
from archipel.standards.dicom.dataset import DataSet, Element
from archipel.standards.dicom.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN, of

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_FRAGMENT = b"\xfe\xff\x00\xe0"  # item tag (PS3.5 section A.4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One instance as it goes over the wire."""

    sop_class: Uid
    sop_instance: Uid
    study: Uid
    series: Uid
    transfer_syntax: Uid
    dataset: bytes

    def outgoing(self) -> Outgoing:
        """Return it as the store user wants it."""
        return Outgoing(
            sop_class=self.sop_class,
            sop_instance=self.sop_instance,
            transfer_syntax=self.transfer_syntax,
            dataset=lambda: [self.dataset],
        )


def instance(
    *,
    texts: dict[int, str] | None = None,
    study: Uid | None = None,
    series: Uid | None = None,
    sop_class: str = SECONDARY_CAPTURE,
    transfer_syntax: str = EXPLICIT_VR_LITTLE_ENDIAN,
    pixel_bytes: int = 256,
) -> Instance:
    """Make an instance of a fictional patient. `texts` replaces or adds values by tag."""
    study, series, sop_instance = study or Uid.fresh(), series or Uid.fresh(), Uid.fresh()
    values = {
        0x00080016: sop_class,
        0x00080018: sop_instance.value,
        0x00080020: "20260105",
        0x00080060: "OT",
        0x00100010: "TEST-Lefèvre^Zoé",
        0x00100020: "TEST-0001",
        0x0020000D: study.value,
        0x0020000E: series.value,
        0x00200013: "1",
    }
    made = DataSet.from_texts(values | (texts or {}))
    pixels = bytes(range(256)) * (pixel_bytes // 256 + 1)
    content = pixels[:pixel_bytes]
    if of(transfer_syntax).encapsulated:
        offset_table = _FRAGMENT + bytes(4)
        content = offset_table + _FRAGMENT + pixel_bytes.to_bytes(4, "little") + content
        made.elements[0x7FE00010] = Element("OB", content, encapsulated=True)
    else:
        made.elements[0x7FE00010] = Element("OW", content)
    return Instance(
        sop_class=Uid(sop_class),
        sop_instance=sop_instance,
        study=study,
        series=series,
        transfer_syntax=Uid(transfer_syntax),
        dataset=datasets.write(made, transfer_syntax),
    )
