"""`make bench`: every benchmark in one run; prints tables in Markdown, writes `bench/results`.

Figures of one run compare with each other, never with those of another.
"""

import json
import os
import sys
from pathlib import Path

from bench import dicomweb, dimse_store

RESULTS = Path(__file__).parent / "results"
BENCHES = {"dimse_store": dimse_store.measure, "dicomweb": dicomweb.measure}


def main() -> None:
    """Run, print, keep."""
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    RESULTS.mkdir(exist_ok=True)
    for name, measure in BENCHES.items():
        rows = measure(repetitions)
        said = {"load_average": os.getloadavg()[0], "repetitions": repetitions, "rows": rows}
        (RESULTS / f"{name}.json").write_text(json.dumps(said, indent=1) + "\n")
        print(f"\n{name}: medians of {repetitions}, load {said['load_average']:.1f}\n")
        columns = list(dict.fromkeys(key for row in rows for key in row))
        lines = [columns, ["---"] * len(columns), *([r.get(c, "") for c in columns] for r in rows)]
        for cells in lines:
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    main()
