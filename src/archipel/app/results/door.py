"""The portal put together: what /portal/api is given."""

from archipel.app.results.gallery import DrawnGallery
from archipel.app.settings import proxies_of
from archipel.app.wiring import Node
from archipel.protocols.web.portal.services import PortalServices
from archipel.results.portal import Portal


def portal_services(node: Node, *, secure: bool) -> PortalServices:
    """Return the services of the portal."""
    told = node.settings
    portal = Portal(
        links=node.links,
        releases=node.releases,
        documents=node.documents,
        pictures=node.pictures,
        exams=node.exams,
        audit=node.audit,
        trail=node.audit,
        accounts=node.accounts,
        organisations=node.organisations,
    )
    return PortalServices(
        community=told.node.community,
        demo=told.node.demonstration,
        time_zone=told.node.time_zone,
        clock=node.clock,
        door=lambda: node.portal_door,
        portal=portal,
        gallery=DrawnGallery(exams=node.exams, drawing=node.pictures),
        secure=secure,
        proxies=proxies_of(told.portal.proxies),
    )
