"""Several nodes for tests and benchmarks: their storage, their processes, the lines between."""
