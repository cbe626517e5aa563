"""DICOM JSON of one instance (PS3.18 F), bulk data by reference.

References are paths of this node's own DICOMweb service, without host (RFC 3986 4.2):
/dicomweb/studies/{study}/series/{series}/instances/{instance}/bulkdata/{path}
"""

import io
import warnings
import zlib

import orjson
import pydicom

from archipel.archive.model import Held

BULK_BYTES = 8192
_PIXELS = 0x7FE00000


def bulk_data_uri(held: Held, path: str) -> str:
    """Return where a value is found; `path` is its tag in hexadecimal."""
    return (
        f"/dicomweb/studies/{held.key.study}/series/{held.key.series}"
        f"/instances/{held.key.sop_instance}/bulkdata/{path}"
    )


def instance_metadata(content: memoryview, held: Held) -> bytes:
    """Return the JSON object of one instance.

    What cannot be read is described by its identifiers alone: its bytes are kept all the same.
    """
    try:
        return _document(content, held)
    except Exception:  # noqa: BLE001  (a reader of others, on bytes of strangers)
        named = {
            "00080016": {"vr": "UI", "Value": [str(held.sop_class)]},
            "00080018": {"vr": "UI", "Value": [str(held.key.sop_instance)]},
            "0020000D": {"vr": "UI", "Value": [str(held.key.study)]},
            "0020000E": {"vr": "UI", "Value": [str(held.key.series)]},
        }
        return orjson.dumps(named)


def _document(content: memoryview, held: Held) -> bytes:
    syntax = str(held.transfer_syntax)
    data = bytes(content)
    if syntax == "1.2.840.10008.1.2.1.99":
        data = zlib.decompress(data, -15)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.filereader.read_dataset(
            io.BytesIO(data),
            syntax == "1.2.840.10008.1.2",
            syntax != "1.2.840.10008.1.2.2",
            stop_when=lambda tag, _vr, _length: tag >= _PIXELS,
        )
        document = dataset.to_json_dict(
            bulk_data_threshold=BULK_BYTES,
            bulk_data_element_handler=lambda e: bulk_data_uri(held, f"{e.tag:08X}"),
            suppress_invalid_tags=True,
        )
    return orjson.dumps(document)
