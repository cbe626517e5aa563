"""The storage of a node that offers its studies and takes those of others: no network in it."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np

from archipel.app.transfer.adoption import Adopter
from archipel.archive.completion import complete_quiet
from archipel.archive.model import StudyKey
from archipel.exchange.manifest import StudyManifest
from archipel.exchange.model import NodeName
from archipel.exchange.offer import offer
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.standards.dicom import dataset as datasets
from archipel.standards.dicom.dataset import DataSet, Element
from archipel.standards.dicom.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN
from archipel.stores.packs.spool import DiskSpool
from archipel.stores.sql.facts import open_log
from archipel.stores.sql.offers import SqlOffers
from archipel.stores.sql.peering.homes import SqlOwners, settle
from archipel.stores.sql.provenance import SqlProvenance
from archipel.stores.sql.session import open_database
from archipel.stores.sql.transfers import SqlTransfers
from archipel.testing.storage_node import TENANT, StorageNode

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
SMALL, USUAL = 96, 512


class TravellingNode(StorageNode):
    """A `StorageNode` with what exchange adds."""

    def __init__(self, home: Path, *, name: str, tenant: TenantId = TENANT) -> None:
        super().__init__(home)
        self.name, self.tenant = name, tenant
        self.replay()
        self.database = open_database(f"sqlite:///{home / 'index.db'}")
        with self.database.write() as connection:
            open_log(connection, NodeName(name), now=self.now)
        self.offers = SqlOffers(self.database)
        self.transfers = SqlTransfers(self.database)
        self.provenance = SqlProvenance(self.database)
        self.owners = SqlOwners(self.database)
        self.adopter = Adopter(database=self.database, packs=self.packs, clock=lambda: self.now)

    def hear_of(self, *others: "TravellingNode") -> None:
        """Learn what each node is the home of, as the keeper of the authority states it."""
        with self.database.write() as connection:
            for one in (self, *others):
                settle(connection, [one.tenant], NodeName(one.name), clock="", now=self.now)

    def spool(self) -> DiskSpool:
        """Open the spool; one at a time."""
        return DiskSpool(self.home, adopted=self.transfers.adopted)

    def study(
        self, *, series: Sequence[int] = (3,), side: int = SMALL, study: Uid | None = None
    ) -> StudyKey:
        """Receive a made-up CT, `series` saying how many images each has; sealed and complete."""
        uid = study or Uid.fresh()
        for number, images in enumerate(series, start=1):
            for content in ct_series(uid, number=number, images=images, side=side):
                self.receive(content, tenant=self.tenant)
        self.settle()
        return StudyKey(self.tenant, uid)

    def settle(self) -> None:
        """Index, seal and complete what came."""
        self.catch_up()
        self.seal()
        with self.index.transaction() as transaction:
            complete_quiet(index=transaction, quiet=timedelta(seconds=1), now=self.now)

    def offered(self, key: StudyKey) -> StudyManifest:
        """Describe a study."""
        made = offer(key, home=self.name, offers=self.offers, packs=self.packs, now=self.now)
        assert made is not None  # noqa: S101  (it was settled)
        return made

    def digests(self, tenant: TenantId) -> dict[str, str]:
        """Give the SHA-256 of every data set of an organisation as it comes back from here."""
        return {
            str(held.key.sop_instance): hashlib.sha256(self.contents.dataset(held)).hexdigest()
            for held in self.held(tenant)
        }

    def close(self) -> None:
        """Let go of files and connections."""
        super().close()
        self.database.close()


def ct_study(study: Uid, *, images: int, side: int = USUAL, issuer: str = "") -> dict[Uid, bytes]:
    """Make one series as SOP Instance UIDs and data sets; `issuer` qualifies the patient's ID."""
    contents = ct_series(study, number=1, images=images, side=side, issuer=issuer)
    series = _series_uid(study, 1)
    return {Uid(f"{series}.{n}"): content for n, content in enumerate(contents, start=1)}


def ct_series(
    study: Uid, *, number: int, images: int, side: int, first: int = 1, issuer: str = ""
) -> list[bytes]:
    """Make the data sets of one series: smooth, with a scanner's noise, all different."""
    series = _series_uid(study, number)
    noise = np.random.default_rng(int(hashlib.sha256(str(series).encode()).hexdigest()[:8], 16))
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    made = []
    for image in range(first, first + images):
        smooth = 900 * np.sin(6 * x + image / 9) * np.cos(5 * y) + 1000
        pixels = (smooth + noise.normal(0, 12, (side, side))).astype(np.int16)
        elements = {
            0x00080016: CT_IMAGE,
            0x00080018: f"{series}.{image}",
            0x00080020: "20260105",
            0x00080060: "CT",
            0x0008103E: f"Série {number}",
            0x00100010: "TEST-LEFEVRE^Zoe",
            0x00100020: "TEST-0001",
            **({0x00100021: issuer} if issuer else {}),
            0x0020000D: study.value,
            0x0020000E: series.value,
            0x00200011: str(number),
            0x00200013: str(image),
            0x00280004: "MONOCHROME2",
        }
        made.append(_with_pixels(elements, pixels))
    return made


def _series_uid(study: Uid, number: int) -> Uid:
    digest = hashlib.sha256(f"{study}/{number}".encode()).hexdigest()
    return Uid(f"2.25.{int(digest[:30], 16)}")


def _with_pixels(texts: dict[int, str], pixels: np.ndarray) -> bytes:
    made = DataSet.from_texts(texts)
    rows, columns = pixels.shape
    for tag, value in {
        0x00280002: 1,
        0x00280010: rows,
        0x00280011: columns,
        0x00280100: 16,
        0x00280101: 16,
        0x00280102: 15,
        0x00280103: 1,
    }.items():
        made.elements[tag] = Element("US", value.to_bytes(2, "little"))
    made.elements[0x7FE00010] = Element("OW", pixels.astype("<i2").tobytes())
    return datasets.write(made, EXPLICIT_VR_LITTLE_ENDIAN)
