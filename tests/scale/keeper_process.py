"""A worker for fault tests: holds a lease and writes facts. Made to be stopped and woken."""

import sys
import time
from contextlib import suppress

from archipel.app.hosts.keeper import Keeper, kept
from archipel.archive.events import SeriesReceived
from archipel.kernel.clock import utc_now
from archipel.kernel.errors import Unavailable
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.session import open_database


def main() -> None:
    """Write to the database named on the command line, by the lease and holder named."""
    url, name, holder, length_s = sys.argv[1:]
    database = open_database(url, idle_s=float(length_s))
    keeper = Keeper(name=name, holder=holder, databases=[database], length_s=float(length_s))
    with kept(keeper):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            with suppress(Unavailable), database.write() as connection:
                fact = SeriesReceived(
                    tenant=TenantId(holder), at=utc_now(), study=Uid("1.2"), series=Uid("1.2.3")
                )
                announce(connection, fact)
            time.sleep(0.005)


if __name__ == "__main__":
    main()
