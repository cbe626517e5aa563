"""Moves every pack of a home to the cold folder and back, for ever; to be killed anywhere."""

import sys
import time
from pathlib import Path

from archipel.stores.packs.tiers import Tiers


def main(home: Path, cold: Path) -> None:
    """Move, slowly enough to be killed amid a copy."""
    tiers = Tiers(home / "packs", cold, run=home / "run", note=False)
    tiers.settle()
    sys.stdout.write("moving\n")
    sys.stdout.flush()
    while True:
        for key, _at in list(tiers.hot.inventory()):
            tiers.lay_off(key, moved=_slowly)
        for key, _at in list(tiers.cold.inventory()):
            tiers.recall(key, moved=_slowly)


def _slowly(_size: int) -> None:
    time.sleep(0.002)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
