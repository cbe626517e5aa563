"""Benchmarks beside the peers found on the machine, in one run; never a timed test."""
