"""How far an identity is known: from the identifier, what was said under it, and who looked.

The French reference of identity vigilance (RNIV) calls an identity provisional until somebody or
something confirms it. An archive sees no identity document; it sees whether several studies say
the same under one qualified identifier, and it hears what the identity desk decided. National
identities (INS) travel only when they are qualified (ANS, INS implementation guide).
"""

import re
from collections.abc import Iterable, Sequence

from archipel.identity.model import Appearance, SourceKey, Standing

INS_AUTHORITIES = frozenset(
    {
        *("1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9"),  # NIR, NIA
        *("1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.11"),  # of tests, of demonstrations
        *("ASIP-SANTE-INS-NIR", "ASIP-SANTE-INS-NIA"),
    }
)
"""What names the authority of national identities, as object identifier or HL7 namespace."""

_MATRICULE = re.compile(r"(\d{5}(?:\d\d|2A|2B)\d{6})(\d\d)")


_SURENESS = (
    Standing.UNIDENTIFIED,
    Standing.PROVISIONAL,
    Standing.CONFIRMED,
    Standing.QUALIFIED,
)  # surer and surer


def standing_of(
    key: SourceKey,
    appearances: Sequence[Appearance],
    *,
    again: bool,
    doubted: bool,
    vouched: bool,
) -> Standing:
    """Say how far one source is known, from everything ever seen of it in whatever order.

    `again`: more than one study named it; `doubted`: it waits before the identity desk;
    `vouched`: the desk looked and found the traits to be one person's.
    """
    if key.alone:
        return Standing.UNIDENTIFIED
    if doubted:
        return Standing.CONFLICT
    whole = any(_is_whole(one) for one in appearances)
    if not key.identifier.issuer.namespace or not (whole or vouched):
        return Standing.PROVISIONAL
    if key.identifier.issuer.namespace in INS_AUTHORITIES:
        sound = is_matricule(key.identifier.value)
        return Standing.QUALIFIED if sound else Standing.PROVISIONAL
    return Standing.CONFIRMED if again or vouched else Standing.PROVISIONAL


def together(standings: Iterable[Standing]) -> Standing:
    """Say how far a person is known whose sources stand so: a doubt counts, else the surest.

    Whoever links a source that nobody knows with one that is known says who it is.
    """
    every = set(standings)
    if Standing.CONFLICT in every:
        return Standing.CONFLICT
    return max(every, key=_SURENESS.index, default=Standing.UNIDENTIFIED)


def is_matricule(text: str) -> bool:
    """Tell whether it is 13 signs and the key that fits them: 97 less their rest by 97.

    Corsican departments are counted as 19 (2A) and 18 (2B).
    """
    found = _MATRICULE.fullmatch(text.replace(" ", ""))
    if found is None:
        return False
    body = found[1].replace("2A", "19").replace("2B", "18")
    return 97 - int(body) % 97 == int(found[2])


def _is_whole(one: Appearance) -> bool:
    traits = one.traits.folded
    return bool(traits.name and traits.birth_date and traits.sex)
