"""Transfer syntaxes: how a data set and its pixels are encoded (PS3.5 section 10, PS3.6 A-1)."""

from dataclasses import dataclass, replace

from archipel.kernel.uid import Uid

ROOT = "1.2.840.10008.1.2"
IMPLICIT_VR_LITTLE_ENDIAN = ROOT
EXPLICIT_VR_LITTLE_ENDIAN = ROOT + ".1"
ENCAPSULATED_UNCOMPRESSED = ROOT + ".1.98"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = ROOT + ".1.99"
EXPLICIT_VR_BIG_ENDIAN = ROOT + ".2"
JPEG_BASELINE = ROOT + ".4.50"
JPEG_EXTENDED = ROOT + ".4.51"
JPEG_LOSSLESS = ROOT + ".4.57"
JPEG_LOSSLESS_SV1 = ROOT + ".4.70"
JPEG_LS_LOSSLESS = ROOT + ".4.80"
JPEG_LS_NEAR_LOSSLESS = ROOT + ".4.81"
JPEG_2000_LOSSLESS = ROOT + ".4.90"
JPEG_2000 = ROOT + ".4.91"
JPEG_XL_LOSSLESS = ROOT + ".4.110"
HTJ2K_LOSSLESS = ROOT + ".4.201"
HTJ2K_LOSSLESS_RPCL = ROOT + ".4.202"
HTJ2K = ROOT + ".4.203"
RLE_LOSSLESS = ROOT + ".5"
PAPYRUS_3_IMPLICIT = "1.2.840.10008.1.20"
GE_IMPLICIT_BIG_ENDIAN_PIXELS = "1.2.840.113619.5.2"  # GE: implicit little endian, pixels big


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferSyntax:
    """One transfer syntax.

    `lossless` says whether the encoding can give back the pixels it was given; it does not say
    that the source was never compressed with loss before.
    """

    uid: str
    name: str
    explicit: bool = True
    little_endian: bool = True
    encapsulated: bool = True
    deflated: bool = False
    lossless: bool = True
    video: bool = False
    referenced: bool = False  # the pixels are elsewhere: JPIP, SMPTE streams
    retired: bool = False
    known: bool = True


def _native(uid: str, name: str) -> TransferSyntax:
    return TransferSyntax(uid=uid, name=name, encapsulated=False)


def _image(suffix: str, name: str, *, lossless: bool, retired: bool = False) -> TransferSyntax:
    return TransferSyntax(uid=ROOT + suffix, name=name, lossless=lossless, retired=retired)


def _video(suffix: str, name: str) -> list[TransferSyntax]:
    plain = TransferSyntax(uid=ROOT + suffix, name=name, lossless=False, video=True)
    return [plain, replace(plain, uid=plain.uid + ".1", name="Fragmentable " + name)]


def _referenced(
    suffix: str, name: str, *, deflated: bool = False, video: bool = False
) -> TransferSyntax:
    return TransferSyntax(
        uid=ROOT + suffix,
        name=name,
        encapsulated=False,
        deflated=deflated,
        lossless=False,
        video=video,
        referenced=True,
    )


_RETIRED_JPEG = {  # suffix: (processes of ISO/IEC 10918-1, lossless)
    ".4.52": ("Extended (Process 3 and 5)", False),
    ".4.53": ("Spectral Selection, Non-Hierarchical (Process 6 and 8)", False),
    ".4.54": ("Spectral Selection, Non-Hierarchical (Process 7 and 9)", False),
    ".4.55": ("Full Progression, Non-Hierarchical (Process 10 and 12)", False),
    ".4.56": ("Full Progression, Non-Hierarchical (Process 11 and 13)", False),
    ".4.58": ("Lossless, Non-Hierarchical (Process 15)", True),
    ".4.59": ("Extended, Hierarchical (Process 16 and 18)", False),
    ".4.60": ("Extended, Hierarchical (Process 17 and 19)", False),
    ".4.61": ("Spectral Selection, Hierarchical (Process 20 and 22)", False),
    ".4.62": ("Spectral Selection, Hierarchical (Process 21 and 23)", False),
    ".4.63": ("Full Progression, Hierarchical (Process 24 and 26)", False),
    ".4.64": ("Full Progression, Hierarchical (Process 25 and 27)", False),
    ".4.65": ("Lossless, Hierarchical (Process 28)", True),
    ".4.66": ("Lossless, Hierarchical (Process 29)", True),
}

_ALL = [
    replace(_native(IMPLICIT_VR_LITTLE_ENDIAN, "Implicit VR Little Endian"), explicit=False),
    _native(EXPLICIT_VR_LITTLE_ENDIAN, "Explicit VR Little Endian"),
    _image(".1.98", "Encapsulated Uncompressed Explicit VR Little Endian", lossless=True),
    replace(
        _native(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, "Deflated Explicit VR Little Endian"),
        deflated=True,
    ),
    replace(
        _native(EXPLICIT_VR_BIG_ENDIAN, "Explicit VR Big Endian"),
        little_endian=False,
        retired=True,
    ),
    _image(".4.50", "JPEG Baseline (Process 1)", lossless=False),
    _image(".4.51", "JPEG Extended (Process 2 and 4)", lossless=False),
    *(
        _image(suffix, "JPEG " + name, lossless=lossless, retired=True)
        for suffix, (name, lossless) in _RETIRED_JPEG.items()
    ),
    _image(".4.57", "JPEG Lossless, Non-Hierarchical (Process 14)", lossless=True),
    _image(".4.70", "JPEG Lossless, First-Order Prediction (Process 14, SV 1)", lossless=True),
    _image(".4.80", "JPEG-LS Lossless", lossless=True),
    _image(".4.81", "JPEG-LS Near-Lossless", lossless=False),
    _image(".4.90", "JPEG 2000 Lossless Only", lossless=True),
    _image(".4.91", "JPEG 2000", lossless=False),
    _image(".4.92", "JPEG 2000 Part 2 Multi-component Lossless Only", lossless=True),
    _image(".4.93", "JPEG 2000 Part 2 Multi-component", lossless=False),
    _referenced(".4.94", "JPIP Referenced"),
    _referenced(".4.95", "JPIP Referenced Deflate", deflated=True),
    *_video(".4.100", "MPEG2 Main Profile / Main Level"),
    *_video(".4.101", "MPEG2 Main Profile / High Level"),
    *_video(".4.102", "MPEG-4 AVC/H.264 High Profile / Level 4.1"),
    *_video(".4.103", "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1"),
    *_video(".4.104", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video"),
    *_video(".4.105", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video"),
    *_video(".4.106", "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2"),
    _video(".4.107", "HEVC/H.265 Main Profile / Level 5.1")[0],
    _video(".4.108", "HEVC/H.265 Main 10 Profile / Level 5.1")[0],
    _image(".4.110", "JPEG XL Lossless", lossless=True),
    _image(".4.111", "JPEG XL JPEG Recompression", lossless=False),
    _image(".4.112", "JPEG XL", lossless=False),
    _image(".4.201", "High-Throughput JPEG 2000 Lossless Only", lossless=True),
    _image(".4.202", "High-Throughput JPEG 2000 RPCL Lossless Only", lossless=True),
    _image(".4.203", "High-Throughput JPEG 2000", lossless=False),
    _referenced(".4.204", "JPIP HTJ2K Referenced"),
    _referenced(".4.205", "JPIP HTJ2K Referenced Deflate", deflated=True),
    _image(".5", "RLE Lossless", lossless=True),
    _image(".8.1", "Deflated Image Frame Compression", lossless=True),
    replace(_native(ROOT + ".6.1", "RFC 2557 MIME encapsulation"), retired=True),
    replace(_native(ROOT + ".6.2", "XML Encoding"), retired=True),
    _referenced(".7.1", "SMPTE ST 2110-20 Uncompressed Progressive Active Video", video=True),
    _referenced(".7.2", "SMPTE ST 2110-20 Uncompressed Interlaced Active Video", video=True),
    _referenced(".7.3", "SMPTE ST 2110-30 PCM Digital Audio", video=True),
    replace(
        _native(PAPYRUS_3_IMPLICIT, "Papyrus 3 Implicit VR Little Endian"),
        explicit=False,
        retired=True,
    ),
    replace(
        _native(GE_IMPLICIT_BIG_ENDIAN_PIXELS, "GE Private Implicit VR Big Endian Pixels"),
        explicit=False,
    ),
]

REGISTRY: dict[str, TransferSyntax] = {syntax.uid: syntax for syntax in _ALL}


def of(uid: str) -> TransferSyntax:
    """Describe the transfer syntax named `uid`, padding allowed. Raises `Malformed` if no UID.

    One that is not registered is taken as explicit VR little endian with encapsulated pixels,
    as every transfer syntax added since 1995 is (PS3.5 section A.4); `known` is then False and
    its pixels are carried, never interpreted.
    """
    found = REGISTRY.get(uid)
    if found is not None:
        return found
    text = Uid.parse(uid).value
    return REGISTRY.get(text) or TransferSyntax(
        uid=text, name="Unknown", lossless=False, known=False
    )
