"""Builds the ports of one process and hands them out. The only place that chooses.

Everything is opened on first use, so that a process pays only for what its role needs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

from sqlalchemy import make_url

from archipel.access.enrol import Office, operators_office
from archipel.app.home import Home
from archipel.app.key_images import DrawnKeyImages
from archipel.app.settings import Settings
from archipel.app.workshop import ProcessWorkshop
from archipel.kernel.clock import Clock, utc_now
from archipel.results.enter import Door
from archipel.results.secrets import Secrets
from archipel.stores.contents import HeldContents
from archipel.stores.journal.journal import FileJournal, JournalPolicy
from archipel.stores.journal.segments import SegmentFiles
from archipel.stores.key_file import held_or_made
from archipel.stores.packs.block_cache import BlockCache
from archipel.stores.packs.bucket import Bucket, BucketAddress
from archipel.stores.packs.files import PackFiles
from archipel.stores.packs.objects import PackObjects
from archipel.stores.packs.shelf import Shelf
from archipel.stores.packs.store import PackStore
from archipel.stores.packs.tiers import Tiers
from archipel.stores.sql.access import SqlDevices, SqlOrganisations
from archipel.stores.sql.accounts import SqlAccounts
from archipel.stores.sql.archive.commitments import SqlCommitments
from archipel.stores.sql.archive.quarantine import SqlQuarantine
from archipel.stores.sql.archive.query import SqlCatalogue
from archipel.stores.sql.archive.seal import SqlHoldings, SqlSealIndex
from archipel.stores.sql.archive.totals import SqlTotals
from archipel.stores.sql.audit import SqlAudit
from archipel.stores.sql.credentials import SqlAttempts, SqlCredentials
from archipel.stores.sql.feed import SqlFacts
from archipel.stores.sql.following.withholding import SqlOppositions, SqlWithholdings
from archipel.stores.sql.lines import SqlLines
from archipel.stores.sql.offers import SqlOffers
from archipel.stores.sql.orders.book import SqlOrders
from archipel.stores.sql.orders.messages import SqlMessages
from archipel.stores.sql.orders.sites import SqlSites
from archipel.stores.sql.orders.steps import SqlWorkitems
from archipel.stores.sql.peering.homes import SqlOwners
from archipel.stores.sql.peers import SqlPeers
from archipel.stores.sql.provenance import SqlProvenance
from archipel.stores.sql.reading import SqlChanges, SqlClaims, SqlDrafts
from archipel.stores.sql.reading_documents import SqlDocuments
from archipel.stores.sql.reading_exams import SqlExams
from archipel.stores.sql.requests import SqlReadingAgreements, SqlRequests
from archipel.stores.sql.results.correspondents import SqlCorrespondents
from archipel.stores.sql.results.entries import SqlEntries, SqlTries
from archipel.stores.sql.results.links import SqlLinks, SqlReleases
from archipel.stores.sql.results.mails import SqlMails
from archipel.stores.sql.session import Database, Durability, open_database
from archipel.stores.sql.transfers import SqlTransfers


@dataclass
class Node:
    """The ports of one node, for one process."""

    home: Home
    settings: Settings
    durability: Durability = Durability.FULL
    clock: Clock = field(default=utc_now)

    @classmethod
    @contextmanager
    def open(cls, home: Home, *, durability: Durability = Durability.FULL) -> Iterator[Self]:
        """Open a node's ports for the length of a block. Raises `NotFound`, `Malformed`."""
        node = cls(home, home.settings(), durability)
        try:
            yield node
        finally:
            node.close()

    def close(self) -> None:
        """Let files and connections go."""
        for name in ("journal", "database", "workshop"):
            if name in self.__dict__:
                getattr(self, name).close()

    @property
    def host(self) -> int | None:
        """Return this home's number among those over one database; None: it is alone."""
        shared = make_url(self.home.database_url(self.settings)).get_backend_name() != "sqlite"
        return self.settings.node.number if shared else None

    @cached_property
    def database(self) -> Database:
        """Return the index."""
        return open_database(
            self.home.database_url(self.settings),
            durability=self.durability,
            idle_s=self.settings.database.lease_s,
        )

    @cached_property
    def journal(self) -> FileJournal:
        """Return where what comes in is made safe."""
        policy = JournalPolicy(
            roll_bytes=self.settings.archive.segment_bytes,
            low_water_bytes=self.settings.archive.low_disk_bytes,
        )
        return FileJournal(self.home.root, node=self.settings.node.number, policy=policy)

    @cached_property
    def catalogue(self) -> SqlCatalogue:
        """Return the read side of the index."""
        return SqlCatalogue(self.database)

    @cached_property
    def contents(self) -> HeldContents:
        """Return the bytes of what is held."""
        return HeldContents(self.home.root, packs=self.packs, workshop=self.workshop)

    @cached_property
    def workshop(self) -> ProcessWorkshop:
        """Return where strangers' pixels are decoded, apart from this process."""
        return ProcessWorkshop(self.home.run)

    @cached_property
    def commitments(self) -> SqlCommitments:
        """Return who answers for the safekeeping of what."""
        return SqlCommitments(self.database)

    @cached_property
    def holdings(self) -> SqlHoldings:
        """Return everything that is kept, for those who check and watch the node."""
        return SqlHoldings(self.database, host=self.host)

    @cached_property
    def totals(self) -> SqlTotals:
        """Return the figures of the node page."""
        return SqlTotals(self.database)

    @cached_property
    def exams(self) -> SqlExams:
        """Return the exams as readers see them."""
        return SqlExams(self.database)

    @cached_property
    def claims(self) -> SqlClaims:
        """Return who reads what."""
        return SqlClaims(self.database)

    @cached_property
    def drafts(self) -> SqlDrafts:
        """Return reports that are being written."""
        return SqlDrafts(self.database)

    @cached_property
    def documents(self) -> SqlDocuments:
        """Return signed reports."""
        return SqlDocuments(self.database)

    @cached_property
    def pictures(self) -> DrawnKeyImages:
        """Return key images, drawn."""
        return DrawnKeyImages(
            catalogue=self.catalogue, contents=self.contents, workshop=self.workshop
        )

    @cached_property
    def changes(self) -> SqlChanges:
        """Return what changed, for screens that follow."""
        return SqlChanges(self.database)

    @cached_property
    def quarantine(self) -> SqlQuarantine:
        """Return what was set aside, for those who decide."""
        return SqlQuarantine(self.database)

    @cached_property
    def seal_index(self) -> SqlSealIndex:
        """Return the index as sealing sees it."""
        return SqlSealIndex(self.database, host=self.host)

    @cached_property
    def packs(self) -> PackStore:
        """Return where sealed series lie."""
        return PackStore(self.home.root, shelf=self.shelf())

    def shelf(self, *, cached: bool = True) -> Shelf:
        """Return where packs stand.

        Not `cached`: each read asks the object store itself, and recalls nothing from a cold disk.
        """
        told = self.settings.objects
        if not told.url:
            cold = self.settings.keeping.cold_path
            if cold:
                return Tiers(self.home.packs, Path(cold), run=self.home.run, note=cached)
            return PackFiles(self.home.packs)
        address = BucketAddress(
            url=told.url,
            endpoint=told.endpoint,
            region=told.region,
            access_key=told.access_key,
            secret_key=told.secret_key,
        )
        cache = BlockCache(self.home.cache, limit_bytes=told.cache_bytes) if cached else None
        return PackObjects(Bucket(address), self.home.packs / ".tmp", cache=cache)

    @cached_property
    def segments(self) -> SegmentFiles:
        """Return the journal's files."""
        return SegmentFiles(self.home.root)

    @cached_property
    def organisations(self) -> SqlOrganisations:
        """Return the tenants and their peers."""
        return SqlOrganisations(self.database)

    @cached_property
    def devices(self) -> SqlDevices:
        """Return who may knock at the DICOM door."""
        return SqlDevices(self.database)

    @cached_property
    def accounts(self) -> SqlAccounts:
        """Return the people."""
        return SqlAccounts(self.database)

    @cached_property
    def credentials(self) -> SqlCredentials:
        """Return sessions, tokens and invitations."""
        return SqlCredentials(self.database)

    @cached_property
    def attempts(self) -> SqlAttempts:
        """Return the count of wrong passwords."""
        return SqlAttempts(self.database)

    @cached_property
    def audit(self) -> SqlAudit:
        """Return the chain."""
        return SqlAudit(self.database)

    @cached_property
    def facts(self) -> SqlFacts:
        """Return what the nodes of the archipelago stated."""
        return SqlFacts(self.database, clock=self.clock)

    @cached_property
    def offers(self) -> SqlOffers:
        """Return what other nodes may fetch from here."""
        return SqlOffers(self.database)

    @cached_property
    def transfers(self) -> SqlTransfers:
        """Return the studies of other nodes that are wanted here."""
        return SqlTransfers(self.database)

    @cached_property
    def provenance(self) -> SqlProvenance:
        """Return where studies came from."""
        return SqlProvenance(self.database)

    @cached_property
    def peers(self) -> SqlPeers:
        """Return the other nodes."""
        return SqlPeers(self.database)

    @cached_property
    def lines(self) -> SqlLines:
        """Return the journal of the lines to the other nodes."""
        return SqlLines(self.database)

    @cached_property
    def requests(self) -> SqlRequests:
        """Return requests for reading."""
        return SqlRequests(self.database)

    @cached_property
    def reading_agreements(self) -> SqlReadingAgreements:
        """Return who may be asked to read."""
        return SqlReadingAgreements(self.database)

    @cached_property
    def owners(self) -> SqlOwners:
        """Return which node is the home of which organisation."""
        return SqlOwners(self.database)

    @cached_property
    def withholdings(self) -> SqlWithholdings:
        """Return what was recalled or is opposed by its patient."""
        return SqlWithholdings(self.database)

    @cached_property
    def orders(self) -> SqlOrders:
        """Return what was asked, and worklists of it."""
        return SqlOrders(self.database)

    @cached_property
    def workitems(self) -> SqlWorkitems:
        """Return the unified procedure steps."""
        return SqlWorkitems(self.database)

    @cached_property
    def sites(self) -> SqlSites:
        """Return the systems that send messages."""
        return SqlSites(self.database)

    @cached_property
    def messages(self) -> SqlMessages:
        """Return the messages that were kept."""
        return SqlMessages(self.database)

    @cached_property
    def oppositions(self) -> SqlOppositions:
        """Return what patients said of sharing."""
        return SqlOppositions(self.database)

    @cached_property
    def links(self) -> SqlLinks:
        """Return the links to results."""
        return SqlLinks(self.database)

    @cached_property
    def correspondents(self) -> SqlCorrespondents:
        """Return the referrers whose address is known."""
        return SqlCorrespondents(self.database)

    @cached_property
    def releases(self) -> SqlReleases:
        """Return what may be told to whom."""
        return SqlReleases(self.database)

    @cached_property
    def mails(self) -> SqlMails:
        """Return the mails that are due."""
        return SqlMails(self.database)

    @cached_property
    def portal_secrets(self) -> Secrets:
        """Return what opens links."""
        return Secrets(held_or_made(self.home.portal_key_file))

    @cached_property
    def portal_door(self) -> Door:
        """Return what coming in through a link needs."""
        return Door(
            links=self.links,
            entries=SqlEntries(self.database),
            tries=SqlTries(self.database),
            mails=self.mails,
            secrets=self.portal_secrets,
            audit=self.audit,
        )

    def office(self, name: str) -> Office:
        """Return where the operator of this machine makes changes."""
        return operators_office(
            organisations=self.organisations,
            accounts=self.accounts,
            credentials=self.credentials,
            audit=self.audit,
            name=name,
        )
