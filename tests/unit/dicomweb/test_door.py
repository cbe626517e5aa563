"""Who comes in, and what those outside can learn: nothing."""

import dataclasses

import pytest

from archipel.access.model import Permission
from archipel.archive.model import JournalPlace
from archipel.kernel.errors import ArchipelError, Unavailable
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.protocols.dicomweb import Limits
from archipel.protocols.dicomweb.problem import STATUS, problem, status_of
from archipel.protocols.dicomweb.retrieval import Memory, Retrieval
from archipel.protocols.dicomweb.stow.outcome import REASON
from archipel.testing.memory import MemoryCatalogue
from archipel.testing.memory_images import MemoryImages

PATHS = [
    "/studies/1.2.3",
    "/studies/1.2.3/metadata",
    "/studies/1.2.3/rendered",
    "/studies/1.2.3/thumbnail",
    "/studies/1.2.3/series/1.2.3.4",
    "/studies/1.2.3/series/1.2.3.4/metadata",
    "/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1",
    "/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1/metadata",
    "/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1/frames/1",
    "/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1/frames/1/rendered",
    "/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1/bulkdata/7FE00010",
]
SEARCHES = [
    "/studies",
    "/series",
    "/instances",
    "/studies/1.2.3/series",
    "/studies/1.2.3/instances",
]


@pytest.mark.parametrize("kind", ArchipelError.__subclasses__(), ids=lambda k: k.__name__)
def test_every_kind_is_spoken(kind: type[ArchipelError]) -> None:
    assert kind in STATUS
    assert kind in REASON
    assert status_of(kind("a reason")) == STATUS[kind]


def test_a_bug_tells_nothing() -> None:
    answer = problem(ValueError("TEST-Éloïse^Zoé"))

    assert answer.status_code == 500
    assert b"TEST" not in bytes(answer.body)


@pytest.mark.parametrize("path", [*PATHS, *SEARCHES])
def test_nobody_gets_in_without_signing_in(world, stored, path) -> None:
    with world.client("nobody") as stranger:
        answer = stranger.get(path)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", PATHS)
def test_what_belongs_to_others_reads_as_absent(world, stored, path) -> None:
    absent_path = path.replace("1.2.3", "1.9.9")
    with world.client("east") as other:
        forbidden, absent = other.get(path), other.get(absent_path)

    assert forbidden.status_code == absent.status_code == 404
    assert forbidden.content == absent.content


@pytest.mark.parametrize("path", SEARCHES)
def test_searches_find_nothing_of_others(world, stored, path) -> None:
    with world.client("east") as other:
        assert other.get(path).status_code == 204


@pytest.mark.parametrize(
    ("path", "method", "needed"),
    [
        ("/studies", "GET", Permission.SEE_EXAMS),
        ("/studies/1.2.3/metadata", "GET", Permission.READ_IMAGES),
        ("/studies", "POST", Permission.STORE_IMAGES),
        ("/workitems", "GET", Permission.SEE_EXAMS),
        ("/workitems", "POST", Permission.PERFORM_STEPS),
        ("/workitems/1.2.3/state", "PUT", Permission.PERFORM_STEPS),
    ],
)
def test_each_route_asks_for_its_permission(world, client, path, method, needed) -> None:
    known = world.visitors["west"]
    world.visitors["west"] = dataclasses.replace(known, permissions=known.permissions - {needed})

    assert client.request(method, path).status_code == 403


@pytest.mark.parametrize("path", PATHS)
def test_nothing_leaves_that_the_audit_cannot_tell(world, stored, path) -> None:
    class Full:
        def record(self, _entries: object) -> None:
            raise Unavailable("the audit cannot be written")

    world.audit = Full()

    with world.client() as client:
        assert client.get(path).status_code == 503


@pytest.mark.parametrize(
    "path", ["/studies/1.2.x", "/studies/..%2f..", "/studies/1.2.3/series/a/metadata"]
)
def test_a_uid_that_is_none_makes_no_sense(client, path) -> None:
    assert client.get(path).status_code in {400, 404}


def test_an_unknown_resource_is_a_problem_too(client) -> None:
    answer = client.get("/patients")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_head_tells_without_sending(client, stored) -> None:
    whole = client.get(f"{stored[0].path}/frames/1")

    answer = client.head(f"{stored[0].path}/frames/1")

    assert answer.headers["content-length"] == str(len(whole.content))
    assert answer.content == b""


@pytest.mark.parametrize("ending", ["rendered", "thumbnail"])
def test_decoding_is_given_up_after_its_time(world, stored, ending) -> None:
    world.limits = Limits(decode_s=0)

    with world.client() as client:
        answer = client.get(f"{stored[0].path}/{ending}")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"


def test_bytes_that_moved_meanwhile_are_found_again(world, client, stored) -> None:
    key = (TenantId("ouest"), Uid(stored[0].instance))
    client.get(f"{stored[0].path}/frames/1")  # the series is remembered now
    old = world.archive.instances[key].place

    class Sealing(MemoryImages):
        """What is sealed within a moment cannot be timed: the old place is gone at once."""

        def frame(self, held, number):
            if held.place == old:
                raise Unavailable("not there any more")
            return super().frame(held, number)

    retrieval = Retrieval(
        catalogue=MemoryCatalogue(world.archive),
        contents=Sealing(world.archive),
        memory=Memory(),
        scope=world.visitors["west"].scope,
        now=world.now,
    )
    held = retrieval.instance(*(Uid(u) for u in ("1.2.3", "1.2.3.4", stored[0].instance)))
    moved = dataclasses.replace(world.archive.instances[key], place=JournalPlace(9, 64))
    world.archive.instances[key] = moved

    assert retrieval.frame(held, 1).content == stored[0].pixels.tobytes()
    assert retrieval.instance(held.key.study, held.key.series, held.key.sop_instance) != held
