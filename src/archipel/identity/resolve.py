"""From what a data set says of a patient to a person."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from archipel.identity.model import Appearance, PersonId, SourceKey, Traits, doubts
from archipel.identity.ports import Sightings
from archipel.kernel.identifiers import PatientIdentifier, TenantId
from archipel.kernel.uid import Uid

TEXT_LENGTH = 324  # five components of 64 characters, PS3.5 table 6.2-1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A study names its patient."""

    tenant: TenantId
    study: Uid
    identifier: PatientIdentifier
    traits: Traits


def resolve(sighting: Sighting, *, persons: Sightings, now: datetime) -> PersonId:
    """Say whose study it is: same identifier and issuer, same person; no identifier, a new one.

    Traits never make two identifiers one person, nor one identifier two: where they do not fit
    together the source is put before the identity desk. Asking again changes nothing, and the
    order in which studies come does not count.
    """
    key = SourceKey.of(sighting.identifier, tenant=sighting.tenant, study=sighting.study)
    said = sighting.traits
    traits = Traits(said.name[:TEXT_LENGTH], said.birth_date[:16], said.sex[:16])
    appearance = Appearance(tenant=sighting.tenant, traits=traits, first_seen=now, last_seen=now)
    fresh = PersonId(secrets.token_hex(12))
    return persons.seen(
        key,
        appearance,
        study=f"{sighting.tenant}/{sighting.study}",
        fresh=fresh,
        doubtful=_doubtful,
    ).person


def _doubtful(appearances: tuple[Appearance, ...]) -> bool:
    return bool(doubts(appearances))
