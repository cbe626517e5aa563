"""In which order the chunks of a study are fetched.

First what is not pixels, of every series; then every frame at low resolution; then the series a
reader asks for; then the rest. A chunk that two layers touch comes with the earlier one, once.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from archipel.exchange.manifest import Layer, PackEntry, StudyManifest
from archipel.kernel.uid import Uid


@dataclass(frozen=True, slots=True)
class Step:
    """One chunk to fetch: of which pack (its place in the manifest), for which layer."""

    pack: int
    chunk: int
    layer: Layer


def plan(manifest: StudyManifest, *, first: Collection[Uid] = ()) -> Iterator[Step]:
    """Give every chunk of every pack exactly once; the series in `first` come first in REST."""
    taken: list[set[int]] = [set() for _ in manifest.packs]
    packs = list(enumerate(manifest.packs))
    asked = [pack for pack in packs if pack[1].series in first]
    others = [pack for pack in packs if pack[1].series not in first]
    for layer, ordered in (
        (Layer.METADATA, packs),
        (Layer.LOW, asked + others),
        (Layer.REST, asked + others),
    ):
        for number, pack in ordered:
            for chunk in _chunks(pack, layer):
                if chunk not in taken[number]:
                    taken[number].add(chunk)
                    yield Step(number, chunk, layer)


def _chunks(pack: PackEntry, layer: Layer) -> Iterator[int]:
    """Give the chunks of one layer; REST takes whatever no layer names."""
    if layer is Layer.REST:
        yield from range(pack.chunks)
        return
    for span in pack.layers.get(layer, ()):
        yield from span.chunks
