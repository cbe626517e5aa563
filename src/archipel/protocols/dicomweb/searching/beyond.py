"""Attributes that no index holds, added to the answers of a search from the stored metadata.

PS3.18 section 8.3.4.3 lets a client name any attribute. They are read where a search is of
instances, by whoever may read images, out of as many series as can be read while somebody waits.
"""

import gzip
import json
from collections.abc import Sequence
from typing import Any

from archipel.kernel.errors import NotFound
from archipel.kernel.uid import Uid
from archipel.protocols.dicomweb.visits import Visit

MOST_INSTANCES = 2_000  # described for one search; of further series they are left out
_STUDY, _SERIES, _INSTANCE = "0020000D", "0020000E", "00080018"

DataSet = dict[str, Any]


def add_from_metadata(visit: Visit, answers: Sequence[DataSet], tags: frozenset[int]) -> None:
    """Add these attributes to the answers about instances, where the instances have them."""
    by_series: dict[tuple[str, str], list[DataSet]] = {}
    for answer in answers:
        key = (answer[_STUDY]["Value"][0], answer[_SERIES]["Value"][0])
        by_series.setdefault(key, []).append(answer)
    names = [f"{tag:08X}" for tag in sorted(tags)]
    described = 0
    for (study, series), own in by_series.items():
        try:
            held = visit.retrieval.below(Uid(study), Uid(series))
        except NotFound:  # withheld since it was found
            continue
        described += len(held)
        if described > MOST_INSTANCES and described > len(held):
            return
        visit.audit_read(held, "metadata")
        document = json.loads(gzip.decompress(visit.retrieval.series_document(held)))
        by_uid = {one[_INSTANCE]["Value"][0]: one for one in document}
        for answer in own:
            stored = by_uid.get(answer[_INSTANCE]["Value"][0], {})
            answer.update({name: stored[name] for name in names if name in stored})
