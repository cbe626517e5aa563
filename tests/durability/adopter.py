"""Takes in what is whole, once, as the index writer does at its start: run to be killed."""

import sys
from pathlib import Path

from archipel.testing.archipelago.travelling import TravellingNode


def main() -> None:
    """Take in for the home on the command line."""
    node = TravellingNode(Path(sys.argv[1]), name="mq")
    node.adopter()
    node.close()


if __name__ == "__main__":
    main()
