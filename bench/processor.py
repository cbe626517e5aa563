"""Processor time of a server and all it started: hardly moved by what else the machine does."""

import psutil


def spent_s(pid: int) -> float:
    """Return user and system seconds of a process, all below it, and children it waited for."""
    root = psutil.Process(pid)
    total = 0.0
    for one in (root, *root.children(recursive=True)):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue  # it ended meanwhile: its parent has its time when it waits for it
        total += times.user + times.system + times.children_user + times.children_system
    return total
