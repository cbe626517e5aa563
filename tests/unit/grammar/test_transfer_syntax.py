"""The registry of transfer syntaxes, against pydicom's copy of PS3.6."""

import pytest
from pydicom._uid_dict import UID_dictionary
from pydicom.uid import UID

from archipel.kernel.errors import Malformed
from archipel.standards.dicom.transfer_syntax import REGISTRY, of

REGISTERED = {uid: row for uid, row in UID_dictionary.items() if row[1] == "Transfer Syntax"}


def test_every_registered_transfer_syntax_is_known() -> None:
    assert set(REGISTERED) <= set(REGISTRY)


@pytest.mark.parametrize("uid", sorted(REGISTERED))
def test_a_transfer_syntax_is_described_as_pydicom_does(uid: str) -> None:
    syntax, theirs = of(uid), UID(uid)

    assert syntax.known
    assert syntax.retired == bool(REGISTERED[uid][3])
    if theirs.is_transfer_syntax and not uid.startswith("1.2.840.10008.1.20"):
        assert syntax.explicit == (not theirs.is_implicit_VR)
        assert syntax.little_endian == theirs.is_little_endian
    if (
        theirs.is_transfer_syntax
        and not syntax.referenced
        and "1.2.6" not in uid
        and not uid.endswith("1.20")
    ):
        assert syntax.encapsulated == theirs.is_compressed or syntax.deflated
    assert syntax.video == any(w in REGISTERED[uid][0] for w in ("MPEG", "HEVC", "SMPTE"))
    whole = "Deflate" in REGISTERED[uid][0] and "Frame" not in REGISTERED[uid][0]
    assert syntax.deflated == whole


@pytest.mark.parametrize("uid", ["1.2.840.10008.1.2.4.998", "2.25.4", "2.25.4\0"])
def test_an_unknown_transfer_syntax_is_explicit_and_encapsulated(uid: str) -> None:
    syntax = of(uid)

    assert not syntax.known
    assert syntax.explicit
    assert syntax.little_endian
    assert syntax.encapsulated


def test_what_is_no_uid_is_malformed() -> None:
    with pytest.raises(Malformed):
        of("explicit")
