"""A node that was let in and lies: refused in every way, named in the audit; the others go on."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import zstandard
from starlette.responses import Response
from tests.conformance.peer import evil
from tests.conformance.peer.evil import EvilNode, LogBook
from tests.conformance.peer.inside import LEFT_OPEN, address, door, peering
from tests.conformance.peer.test_cuts import study_of

from archipel.access.model import Action, AuditQuery
from archipel.archive.model import StudyKey
from archipel.exchange.manifest import CHUNK_BYTES, StudyManifest
from archipel.exchange.transfer import TransferState
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.uid import Uid
from archipel.testing.archipelago.islands import archipelago
from archipel.testing.archipelago.joined import until
from archipel.testing.peers.free_ports import free_port

pytestmark = [pytest.mark.slow, LEFT_OPEN]
RISE_BYTES = 64 << 20

IN_A_STUDY = {
    "wrong digest": "has wrong bytes",
    "truncated": "frames other than those asked for",
    "longer than told": "more than was asked for",
    "endless body": "more than was asked for",
    "endless manifest": "more than was asked for",
    "gzip bomb": "cannot be read",
    "path in a name": "no SHA-256",
    "path in a series": "not a DICOM UID",
    "another home": "of another home",
    "another study": "not the one that the manifest names",
}
IN_THE_FEED = {
    "a broken chain": "no signed head leads to",
    "a fact that was changed": "no signed head leads to",
    "another origin": "signed for the log gp.9",
    "a future time": "more than a day ahead",
    "an old incarnation that goes on": "goes on in two ways",
    "a bomb": "of more than",
    "an answer without end": "answers more than",
    "no facts at all": "no zstd frame",
}


class Sea:
    """`mq` is a whole node, `gp` honest, `evil` lies."""

    def __init__(self, root: Path) -> None:
        self.doors = {"gp": door(), "evil": door()}
        addresses = {name: address(one) for name, one in self.doors.items()}
        self.mq, self.gp, liar = archipelago(root, {"mq": f"127.0.0.1:{free_port()}", **addresses})
        self.evil = EvilNode(liar)
        self.honest = study_of(self.gp, 6)

    def audited(self) -> str:
        """Give what the audit says of the liar."""
        scope = Scope(Actor(ActorKind.NODE, "test"), frozenset())
        wanted = AuditQuery(action=Action.REFUSE, door="peer", limit=200)
        with self.mq.open() as node:
            rows = node.audit.search(wanted, scope=scope, node=True)
            return "\n".join(f"{r.entry.subject}: {r.entry.detail}" for r in rows
                             if r.entry.actor.name == "node:evil")  # fmt: skip


@pytest.fixture
def sea(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sea]:
    monkeypatch.setenv("ARCHIPEL_ARCHIVE__LOW_DISK_BYTES", str(64 << 20))
    made = Sea(tmp_path)
    with made.evil.serving(made.doors["evil"]), peering(made.gp, made.doors["gp"]):
        yield made
    for one in made.doors.values():
        one.close()


def test_every_lie_is_refused_and_named_and_the_others_are_served(sea: Sea) -> None:
    lies = {lie: sea.evil.tale(lie, *others(sea, lie)) for lie in IN_A_STUDY}
    sea.evil.feed += feed_of(sea)
    with sea.mq.running(ARCHIPEL_PEER__LISTEN=sea.mq.address) as running:
        until(lambda: sea.evil.told, timeout_s=60)
        before = memory(running.pid)
        wanted = {lie: sea.mq.want(key, sea.evil.island) for lie, key in lies.items()}
        good = sea.mq.want(sea.honest, sea.gp)

        sea.mq.await_state(good.id, TransferState.PUBLISHED, within_s=60)
        for lie, one in wanted.items():
            held = sea.mq.await_state(one.id, TransferState.QUARANTINED, within_s=60)
            assert IN_A_STUDY[lie] in held.detail, lie
            assert one.id in sea.audited(), lie
        until(lambda: sea.evil.told > 2 * len(sea.evil.feed) + 2, timeout_s=60)
        rise = {name: memory(running.pid)[name] - was for name, was in before.items()}
        for why in IN_THE_FEED.values():
            until(lambda why=why: why in sea.audited(), timeout_s=20)
        assert max(rise.values()) < RISE_BYTES, rise
        for key in lies.values():
            assert sea.mq.digests(key) == {}
        assert sea.mq.digests(sea.honest) == sea.gp.digests(sea.honest)
        assert not (sea.mq.root / "keys" / "authority.part").exists()
        with sea.mq.open() as node:
            told = {str(fact.log) for fact in node.facts.everything()}
            assert told & {"evil.1", "evil.2", "evil.3", "gp.9"} == set()
            assert node.facts.counts()["evil.4"][2], "the log that goes on in two ways is frozen"


def others(sea: Sea, lie: str) -> tuple[bytes, Uid] | tuple[()]:
    """Give the bytes of an honest pack for the lie that puts it under another study's name."""
    if lie != "another study":
        return ()
    key: StudyKey = study_of(sea.evil.island, 2)
    with sea.evil.island.open() as node:
        offered = node.offers.manifest(key)
        assert offered is not None
        pack = node.offers.pack(StudyManifest.parse(offered.content).packs[0].root)
        assert pack is not None
        entry = pack.described.entry
        ranges = node.packs.ranges(pack.pack, entry.part)
        content = b"".join(
            ranges.read(chunk * CHUNK_BYTES, entry.chunk_bytes(chunk))
            for chunk in range(entry.chunks)
        )
    return content, entry.series


def feed_of(sea: Sea) -> list[Callable[[], Response]]:
    """Give the lies of the feed, one by one."""
    me, gp = sea.evil.identity, sea.gp.tenant
    log = [LogBook(f"evil.{number}", sea.evil.island.tenant, me) for number in range(6)]
    log[1].write()
    log[1].write(previous="ab" * 32)
    log[2].write()
    log[2].write()
    foreign = LogBook("gp.9", gp, me)
    foreign.write()
    late = replace(log[3], ahead=timedelta(days=3), links=[])
    late.write()
    log[4].write()
    log[4].write()
    first = log[4].told()
    again = replace(log[4], links=log[4].links[:1])
    again.write()
    return [
        log[1].told,
        log[2].forged,
        foreign.told,
        late.told,
        lambda: first,
        again.told,
        lambda: Response(zstandard.compress(bytes(300 << 20))),
        evil.endless,
        lambda: Response(b"no facts"),
    ]


def memory(pid: int) -> dict[str, int]:
    """Give the largest memory that a node's processes had so far, bytes, by process."""
    found, parents = {}, {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            said = (place / "status").read_text()
        except OSError:
            continue
        fields = dict(line.split(":\t", 1) for line in said.splitlines() if ":\t" in line)
        parents[place.name] = fields["PPid"].strip()
        if "VmHWM" in fields:
            found[place.name] = int(fields["VmHWM"].split()[0]) << 10
    ours = {str(pid)}
    for _ in range(4):
        ours |= {child for child, parent in parents.items() if parent in ours}
    return {name: size for name, size in found.items() if name in ours}
