"""The DICOM JSON model of an answer (PS3.18 annex F)."""

import re

from archipel.testing.conform.model import Group, Trial, claim
from archipel.testing.conform.qido.fields import found_at

group = Group("json", "QIDO-RS: the DICOM JSON model")


@group.must("F.2.2", "each attribute is named by eight hexadecimal digits in capitals")
def tags(trial: Trial) -> None:
    """Look at the names."""
    answer = found_at("study", trial)
    odd = [tag for tag in answer if not re.fullmatch(r"[0-9A-F]{8}", tag)]
    claim(not odd, f"{odd[:3]} are no tags")


@group.must("F.2.2", "each attribute has a `vr` of two capitals")
def value_representations(trial: Trial) -> None:
    """Look at the VRs."""
    answer = found_at("instance", trial)
    odd = [tag for tag, e in answer.items() if not re.fullmatch(r"[A-Z]{2}", e.get("vr", ""))]
    claim(not odd, f"{odd[:3]} have no vr")


@group.must("F.2.2", "`Value` is an array and never empty")
def arrays(trial: Trial) -> None:
    """Look at the values."""
    answer = found_at("study", trial)
    given = [e["Value"] for e in answer.values() if "Value" in e]
    claim(all(isinstance(v, list) and v for v in given), "a Value is no array, or empty")


@group.must("F.2.2", "a person name is an object with its groups")
def names(trial: Trial) -> None:
    """Look at the patient's name."""
    value = found_at("study", trial)["00100010"]["Value"][0]
    claim(value == {"Alphabetic": str(trial.sent.cine.PatientName)}, "the name is not as stored")


@group.must("F.2.3", "IS and US are numbers, or for IS strings")
def numbers(trial: Trial) -> None:
    """Look at the numbers of an instance."""
    answer = found_at("instance", trial)
    claim(answer["00280010"]["Value"] == [48], "Rows is not the number 48")
    claim(answer["00200013"]["Value"] in ([1], ["1"]), "InstanceNumber is not 1")


@group.must("F.2.4", "a sequence is an array of data sets")
def sequences(trial: Trial) -> None:
    """Look at the request of a series."""
    element = found_at("series", trial)["00400275"]
    claim(element["vr"] == "SQ", "Request Attributes Sequence is not of vr SQ")
    claim(
        element["Value"][0]["00400009"]["Value"] == [f"SPS{trial.sent.run}"],
        "the item is not as stored",
    )


@group.must("8.8", "text is UTF-8, and Specific Character Set, where told, says ISO_IR 192")
def character_set(trial: Trial) -> None:
    """Look at the character set and an accented name."""
    answer = found_at("study", trial)
    told = answer.get("00080005", {}).get("Value", ["ISO_IR 192"])
    claim(told == ["ISO_IR 192"], f"the answer says {told}")
    claim("Éloïse" in str(answer["00100010"]), "the accents are lost")
