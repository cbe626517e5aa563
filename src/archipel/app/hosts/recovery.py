"""The work of a host that is gone goes on elsewhere."""

import logging
import threading
from collections.abc import Callable

from archipel.kernel.errors import ArchipelError
from archipel.stores.sql.hosts import leases
from archipel.stores.sql.session import Database

WORKER = "work-"
_LOG = logging.getLogger(__name__)


def recover_lapsed(database: Database, recover: Callable[[str], int]) -> int:
    """Cut off every worker that does not renew its lease, then `recover` what it had begun.

    Returns how many deliveries were put back in their lanes. Raises `Unavailable`.
    """
    with database.read() as connection:
        names = leases.lapsed(connection, WORKER)
    found = 0
    for name in names:
        with database.write() as connection:
            fence = leases.cut_off(connection, name)
        if fence is None:
            continue
        count = recover(name)
        _LOG.warning("%s does not answer: %d deliveries go on elsewhere", name, count)
        with database.write() as connection:
            leases.mark_done(connection, name, fence)
        found += count
    return found


def keep_recovering(
    database: Database,
    recover: Callable[[str], int],
    *,
    every_s: float,
    ended: threading.Event,
) -> None:
    """Look for lapsed workers until told to stop."""
    while not ended.wait(every_s):
        try:
            recover_lapsed(database, recover)
        except ArchipelError as failure:
            _LOG.warning("looking for workers that are gone: %s", failure)
