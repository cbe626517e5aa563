"""DICOM JSON of one instance (PS3.18 F), bulk data by reference.

References are paths of this node's own DICOMweb service, without host (RFC 3986 section 4.2):
``/dicomweb/studies/{study}/series/{series}/instances/{instance}/bulkdata/{path}``, where the path
is a tag in eight hexadecimal digits or, within sequences, tag/item/tag with items from 1.
"""

import logging

import orjson

from archipel.archive.model import Held
from archipel.kernel.errors import Malformed
from archipel.standards.dicom.json_model import Path, to_json

_AVAILABLE = 0x00083002
_log = logging.getLogger(__name__)


def bulk_data_uri(held: Held, path: Path) -> str:
    """Return where a value is found."""
    steps = (f"{step}" if n % 2 else f"{step:08X}" for n, step in enumerate(path))
    return (
        f"/dicomweb/studies/{held.key.study}/series/{held.key.series}"
        f"/instances/{held.key.sop_instance}/bulkdata/{'/'.join(steps)}"
    )


def instance_metadata(content: bytes | memoryview, held: Held) -> bytes:
    """Return the JSON object of one instance.

    A data set that cannot be read to its end is described by its identifiers alone: its bytes
    are kept all the same, and its series must not wait for it.
    """
    try:
        return to_json(
            content,
            str(held.transfer_syntax),
            lambda path: bulk_data_uri(held, path),
            added=(_AVAILABLE, _available_json(str(held.transfer_syntax))),
        )
    except Malformed as error:
        _log.warning("instance %s has no metadata: %s", held.key.sop_instance, error)
        named = {
            "00080016": {"vr": "UI", "Value": [str(held.sop_class)]},
            "00080018": {"vr": "UI", "Value": [str(held.key.sop_instance)]},
            "0020000D": {"vr": "UI", "Value": [str(held.key.study)]},
            "0020000E": {"vr": "UI", "Value": [str(held.key.series)]},
        }
        return orjson.dumps(named)


def _available_json(transfer_syntax: str) -> bytes:
    """Write Available Transfer Syntax UID (0008,3002): how the whole instance can be had."""
    value = {"vr": "UI", "Value": [transfer_syntax]}
    return b'"%08X":%s' % (_AVAILABLE, orjson.dumps(value))
