"""A study of ours that is complete and sealed is described, so that other nodes may fetch it."""

from datetime import datetime

from archipel.archive.model import StudyKey
from archipel.exchange.manifest import StudyManifest
from archipel.exchange.offered import OfferedPack
from archipel.exchange.ports import Offers, TravellingPacks


def offer(
    key: StudyKey, *, home: str, offers: Offers, packs: TravellingPacks, now: datetime
) -> StudyManifest | None:
    """Describe a study and announce it; None when it is open, incomplete or not ours.

    Repeating it changes nothing while the study's packs are the same; a study that has changed
    gets the next revision. Raises `Malformed` (too many series), `Unavailable`.
    """
    sealed = offers.sealed(key)
    if sealed is None:
        return None
    files: list[OfferedPack] = []
    for pack in sealed.values():
        known = offers.described(pack, tenant=key.tenant)
        if not known or known[0].described.written_us != packs.written_us(pack):
            known = [
                OfferedPack(key=key, pack=pack, described=one) for one in packs.describe(pack)
            ]
        files.extend(known)
    entries = tuple(one.described.entry for one in files)
    held = offers.manifest(key)
    before = StudyManifest.parse(held.content) if held else None
    if before is not None and before.packs == entries:
        return before
    manifest = StudyManifest(
        home=home,
        key=key,
        revision=before.revision + 1 if before else 1,
        packs=entries,
        supersedes=held.digest if held else None,
    )
    offers.offer(manifest, files, now=now)
    return manifest
