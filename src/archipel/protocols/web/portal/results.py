"""See a result: report, PDF, key images, every image; take note of it."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from archipel.kernel.uid import Uid
from archipel.protocols.web.portal.models import ResultBrief, ResultView, StackView
from archipel.protocols.web.portal.services import Services
from archipel.protocols.web.portal.views import brief, result_view
from archipel.protocols.web.portal.visitors import CameIn
from archipel.results import images, portal

routes = APIRouter(tags=["portal"])
LinkName = Annotated[str, Path(max_length=64)]
Number = Annotated[int, Path(ge=1, le=100_000)]


@routes.get("/results", operation_id="portal_results")
def list_results(guest: CameIn, services: Services) -> list[ResultBrief]:
    """Every result that this guest reaches, newest link first."""
    found = portal.glance(guest, portal=services.portal, now=services.clock())
    return [brief(one, services) for one in found]


@routes.get("/results/{link}", operation_id="portal_result")
def get_result(link: LinkName, guest: CameIn, services: Services) -> ResultView:
    """One result; audited before."""
    opened = portal.look(guest, link, portal=services.portal, now=services.clock())
    return result_view(opened, services)


@routes.get(
    "/results/{link}/report.pdf",
    operation_id="portal_report_pdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
def get_report_pdf(link: LinkName, guest: CameIn, services: Services) -> Response:
    """Give the report as PDF; audited before. Its name names nobody."""
    made = portal.document(guest, link, portal=services.portal, now=services.clock())
    return Response(
        made.content,
        media_type=made.media_type,
        headers={"Content-Disposition": 'attachment; filename="compte-rendu.pdf"'},
    )


@routes.get(
    "/results/{link}/key-images/{number}",
    operation_id="portal_key_image",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
def get_key_image(link: LinkName, number: Number, guest: CameIn, services: Services) -> Response:
    """Give a key image as a picture, 1 first; audited before."""
    drawn = portal.key_image(guest, link, number - 1, portal=services.portal, now=services.clock())
    return Response(drawn, media_type="image/png")


@routes.get("/results/{link}/series", operation_id="portal_series")
def list_series(link: LinkName, guest: CameIn, services: Services) -> list[StackView]:
    """Series of the exam, where the link opens every image."""
    found = images.stacks(
        guest,
        link,
        portal=services.portal,
        gallery=services.gallery,
        now=services.clock(),
    )
    return [
        StackView(
            series_instance_uid=one.series.value,
            modality=one.modality,
            description=one.description,
            pictures=one.pictures,
        )
        for one in found
    ]


@routes.get(
    "/results/{link}/series/{series}/pictures/{number}",
    operation_id="portal_picture",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
)
def get_picture(
    link: LinkName, series: str, number: Number, guest: CameIn, services: Services
) -> Response:
    """One frame of a series, of bounded size; audited before, once a series."""
    drawn = images.picture(
        guest,
        link,
        (Uid(series), number),
        portal=services.portal,
        gallery=services.gallery,
        readings=services.readings,
        now=services.clock(),
    )
    return Response(drawn, media_type="image/jpeg")


@routes.post("/results/{link}/acknowledgement", operation_id="portal_acknowledge")
def acknowledge(link: LinkName, guest: CameIn, services: Services) -> ResultView:
    """Take note of a result, as its referrer."""
    portal.acknowledge(guest, link, portal=services.portal, now=services.clock())
    return get_result(link, guest, services)


@routes.post("/results/{link}/announcement", operation_id="portal_announce")
def announce(link: LinkName, guest: CameIn, services: Services) -> ResultView:
    """Say that the patient was spoken with: the result is theirs to see."""
    portal.announce(guest, link, portal=services.portal, now=services.clock())
    return get_result(link, guest, services)
