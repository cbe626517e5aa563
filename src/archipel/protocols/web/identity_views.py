"""Source patients and their links as the front end reads them."""

from typing import Literal, cast

from archipel.access.authenticate import Desk
from archipel.identity.model import Appearance, Link, SourceKey, SourcePatient, doubts
from archipel.kernel.identifiers import Issuer, PatientIdentifier
from archipel.protocols.web.models.identity import (
    SourceLink,
    SourceName,
    SourceView,
    TraitsSeen,
)
from archipel.protocols.web.views import SEXES, Sites
from archipel.protocols.web.words import day, name_parts


def key_of(named: SourceName) -> SourceKey:
    """Return the source that a body names."""
    return SourceKey(PatientIdentifier(named.value, Issuer(named.issuer)), named.alone)


def name_of(key: SourceKey) -> SourceName:
    """Name a source in an answer."""
    identifier = key.identifier
    return SourceName(value=identifier.value, issuer=identifier.issuer.namespace, alone=key.alone)


class Seen:
    """Views of sources; knows organisations and people by name."""

    def __init__(self, desk: Desk) -> None:
        self._sites, self._accounts = Sites(desk.organisations), desk.accounts

    def source(self, one: SourcePatient) -> SourceView:
        """Return one source."""
        return SourceView(
            source=name_of(one.key),
            person=one.person,
            standing=one.standing.value,
            doubted=one.doubted,
            differs=sorted(trait.value for trait in doubts(one.appearances)),
            seen=[self._traits(each) for each in one.appearances],
        )

    def link(self, one: Link) -> SourceLink:
        """Return one link."""
        account = self._accounts.account(one.by)
        return SourceLink(
            one=name_of(one.one),
            other=name_of(one.other),
            by=account.person.name if account else one.by,
            basis=one.basis,
            at=one.at,
        )

    def _traits(self, one: Appearance) -> TraitsSeen:
        family, given = name_parts(one.traits.name)
        sex = one.traits.sex.strip().upper()
        return TraitsSeen(
            organisation=self._sites.of(one.tenant),
            family_name=family,
            given_name=given,
            name_as_sent=one.traits.name,
            birth_date=day(one.traits.birth_date),
            sex=cast("Literal['F', 'M', 'O', '']", sex if sex in SEXES else ""),
            first_seen=one.first_seen,
            last_seen=one.last_seen,
        )
