"""A sealer for fault tests: seals what is open and tidies, until nothing is open. Made to die."""

import sys
from datetime import timedelta
from pathlib import Path

from archipel.archive.seal import Graces, seal, tidy
from archipel.kernel.clock import utc_now
from archipel.testing.storage_node import StorageNode


def main() -> None:
    """Seal the home named on the command line."""
    node = StorageNode(Path(sys.argv[1]))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while keys := node.seals.quiet_series(before=utc_now(), limit=2):
        for key in keys:
            seal(key, index=node.seals, packs=node.packs, now=utc_now())
        tidy(
            index=node.seals,
            packs=node.packs,
            segments=node.segments,
            now=utc_now(),
            graces=Graces(segment=timedelta(0)),
        )
    sys.stdout.write("done\n")


if __name__ == "__main__":
    main()
