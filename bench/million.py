"""The index alone at 10,000 and at 1,000,000 studies: queries, and how fast instances come in.

No peer holds a million studies in the time of a bench: figures of the two sizes compare with each
other. Processor time is that of the thread that asks, so that other work hardly moves it. Beside
SQLite stands PostgreSQL where `BENCH_POSTGRESQL` names an empty database of it.
"""

import os
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from archipel.archive.ingest import ingest
from archipel.archive.model import Query
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.hierarchy import Level
from archipel.reading.model import Filters, SavedList
from archipel.stores.sql.archive.query import SqlCatalogue
from archipel.stores.sql.archive.writer import SqlIndex
from archipel.stores.sql.migrations import migrate
from archipel.stores.sql.reading_exams import SqlExams
from archipel.stores.sql.session import Database, Durability, open_database
from archipel.testing.many_studies import fill, tenant
from archipel.testing.receipts import Sent, batch
from bench.servers import Found

SIZES = {"10,000": 10_000, "1,000,000": 1_000_000}
ASKED = 100  # times each
BATCHES, OF_EACH = 100, 20  # of new instances, ten to a study
ONE = Scope(Actor(ActorKind.PERSON, "lecteur"), frozenset({tenant(0)}))
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def once(base: Path, _turn: int) -> Found:
    """Fill an index of each size, ask it, then take instances in."""
    found: Found = {}
    engines: dict[str, Callable[[Path], str]] = {"": lambda at: f"sqlite:///{at / 'index.db'}"}
    if url := os.environ.get("BENCH_POSTGRESQL"):
        engines[" (PostgreSQL)"] = lambda _at: url
    for engine, url_in in engines.items():
        for name, studies in SIZES.items():
            with TemporaryDirectory(dir=base) as folder:
                address = url_in(Path(folder))
                database = open_database(address, durability=Durability.REPLAYED)
                migrate(database)
                fill(database, studies)
                for row, value in _measured(database, studies).items():
                    found[f"{name} studies{engine}, {row}"] = {"archipel": value}
                database.close()
    return found


def _measured(database: Database, studies: int) -> dict[str, float]:
    found = {}
    for name, ask in queries(database, studies).items():
        for _ in range(5):
            ask()
        taken = sorted(_taken_ms(ask) for _ in range(ASKED))
        found[f"{name}: p50, ms"] = taken[ASKED // 2]
        found[f"{name}: p99, ms"] = taken[-2]
    return found | {"instances indexed: per cpu s": _indexed_per_s(database)}


def queries(database: Database, studies: int) -> dict[str, Callable[[], object]]:
    """Give the queries of the speed table, each on another study each time it is asked."""
    catalogue, exams = SqlCatalogue(database), SqlExams(database)
    chance = random.Random(3)  # noqa: S311  (which study to ask for, nothing secret)

    def find(limit: int = 100, **keys: str) -> object:
        matching = {_TAGS[name]: text for name, text in keys.items()}
        return catalogue.find(Level.STUDY, Query(matching=matching, limit=limit), scope=ONE)

    def number() -> int:
        return chance.randrange(studies)

    def month() -> str:
        first = datetime(chance.randrange(2016, 2026), chance.randrange(1, 13), 1, tzinfo=UTC)
        last = first + timedelta(days=30)
        return f"{first:%Y%m%d}-{last:%Y%m%d}"

    def page() -> object:
        listed = Filters(saved_list=SavedList.ALL, login="lecteur")
        return exams.page(listed, scope=ONE, now=NOW)

    def count() -> int:
        return catalogue.count(Level.STUDY, Query(matching={}), scope=ONE, cap=10_100)

    return {
        "by UID": lambda: find(uid=f"2.25.7{number()}"),
        "by accession": lambda: find(accession=f"A{number():08d}"),
        "by patient": lambda: find(patient=f"P{number() // 2}"),
        "by name prefix": lambda: find(name="test-marloucor*"),
        "by two-token name": lambda: find(name="test-lou*^mar*"),
        "site, modality and month": lambda: find(date=month(), modality="MR"),
        "limit=100": find,
        "ModalitiesInStudy=CT, limit=100": lambda: find(modality="CT"),
        "count to 10,100": count,
        "worklist page": page,
    }


_TAGS = {
    "date": 0x00080020,
    "accession": 0x00080050,
    "modality": 0x00080061,
    "name": 0x00100010,
    "patient": 0x00100020,
    "uid": 0x0020000D,
}


def _taken_ms(work: Callable[[], object]) -> float:
    began_s = time.thread_time()
    work()
    return (time.thread_time() - began_s) * 1e3


def _indexed_per_s(database: Database) -> float:
    """Take new studies of ten instances in, as the index writer does; per processor second."""
    index, spent_s = SqlIndex(database), 0.0
    for turn in range(BATCHES):
        sent = [
            Sent(study=10_000_000 + (turn * OF_EACH + n) // 10, instance=n) for n in range(OF_EACH)
        ]
        came = batch(turn + 1, sent)
        began_s = time.thread_time()
        with index.transaction() as transaction:
            ingest([came], index=transaction, now=NOW)
        spent_s += time.thread_time() - began_s
    return BATCHES * OF_EACH / spent_s
