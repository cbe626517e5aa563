"""Private attributes that are known to be safe (PS3.15 table E.3.10-1; PS3.5 section 7.8)."""

from archipel.standards.dicom.dataset import DataSet

_SAFE = {
    "PHILIPS PET PRIVATE GROUP": {0x7053: {0x00, 0x09}},  # SUV and activity factors
    "ELSCINT1": {
        0x00E1: {0x21},  # DLP
        0x01E1: {0x26, 0x50},  # phantom type, acquisition duration
        0x01F1: {0x01, 0x07, 0x26, 0x27},  # acquisition type, table velocity, pitch, rotation
    },
    "GEMS_ACQU_01": {0x0019: {0x23, 0x24, 0x27, 0x9E}},  # table, scan time, rotation, sequence
    "GEMS_PARM_01": {0x0043: {0x27, 0x39, 0x6F}},  # pitch, b-value, table entry
    "GEMS_HELIOS_01": {0x0045: {0x01, 0x02}},  # detector rows, macro width
    "GEMS_SERS_01": {0x0025: {0x07}},  # images in series
    "GEIIS PACS": {0x0903: {0x10, 0x11, 0x12}},  # flags
    "PHILIPS IMAGING DD 001": {0x2001: {0x03, 0x04}},  # diffusion
    "SIEMENS MR HEADER": {0x0019: {0x0C, 0x0D, 0x0E, 0x27}},  # diffusion
}
_FIRST_BLOCK, _LAST_BLOCK = 0x10, 0xFF


def is_safe(dataset: DataSet, tag: int) -> bool:
    """Whether a private attribute is listed as safe, or reserves the block of one that is."""
    group, element = tag >> 16, tag & 0xFFFF
    if _FIRST_BLOCK <= element <= _LAST_BLOCK:
        prefix = tag & 0xFFFF0000 | element << 8
        return any(
            is_safe(dataset, other)
            for other in dataset.elements
            if prefix <= other <= prefix + 0xFF
        )
    creator = dataset.text(group << 16 | element >> 8).strip().upper()
    return element & 0xFF in _SAFE.get(creator, {}).get(group, set())
