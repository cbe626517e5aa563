"""An object store and a server of PostgreSQL for a test run, each a process of its own."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import pytest

from archipel.stores.packs.bucket import BucketAddress
from archipel.testing import postgresql
from archipel.testing.objects import server as objects

_numbers = count()


@pytest.fixture(scope="session")
def object_store() -> Iterator[BucketAddress]:
    """Address of an object store of this test run, or a skip that says why there is none."""
    if why := objects.missing():
        pytest.skip(why)
    with objects.server() as address:
        yield address


@pytest.fixture
def bucket(object_store: BucketAddress) -> BucketAddress:
    """Address of a prefix with nothing in it."""
    return replace(object_store, url=f"{object_store.url}-{next(_numbers)}")


@pytest.fixture
def server() -> Iterator[postgresql.Server]:
    """Give a server of PostgreSQL that the test may crash."""
    if why := postgresql.missing():
        pytest.skip(why)
    with postgresql.own_server() as one:
        yield one
