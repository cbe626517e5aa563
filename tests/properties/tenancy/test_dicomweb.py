"""Nothing that somebody of one organisation asks of DICOMweb tells of the other or changes it.

Every route of the door's own table is driven, by requests that name what is one's own, what is
the other's and what is nobody's. A route that has no case here fails.
"""

from dataclasses import dataclass, field

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.routing import Route
from tests.properties.tenancy.asked import EXAMPLES, KEYS, UIDS, to_store, values
from tests.properties.tenancy.worlds import HELD, HELD_TWICE, NORTH, OTHER, STEP, TENANTS, Worlds
from tests.unit.dicomweb.conftest import EXPLICIT, Slice, World, multipart

from archipel.kernel.aetitle import AETitle
from archipel.kernel.identifiers import TenantId
from archipel.protocols.dicomweb import DicomwebServices, router
from archipel.standards.dicom.dataset import read
from archipel.standards.dicom.json_model import dataset_json

STUDY = "/studies/{study}"
SERIES = STUDY + "/series/{series}"
INSTANCE = SERIES + "/instances/{instance}"
FRAMES = INSTANCE + "/frames/{frames}"
JSON = ("application/dicom+json", 'multipart/related; type="application/dicom+xml"', "*/*")
FILES = (
    'multipart/related; type="application/dicom"; transfer-syntax=*',
    "application/dicom",
    "*/*",
)
PIXELS = (
    "application/octet-stream",
    'multipart/related; type="application/octet-stream"; transfer-syntax=*',
    "image/jphc",
)
PARTS = (
    'multipart/related; type="application/octet-stream"; transfer-syntax=*',
    'multipart/related; type="application/octet-stream"',
    "image/jphc",
)
PICTURES = ("image/png", "image/jpeg", "image/gif", "*/*")


@dataclass(frozen=True)
class Case:
    """How a route is driven: media types, and whether it takes the keys of a search."""

    accepts: tuple[str, ...]
    search: bool = False
    parameters: dict[str, str] = field(default_factory=dict)
    uri: bool = False  # the path names nothing, the parameters do (WADO-URI)


WORKITEM = "/workitems/{workitem}"
SUBSCRIBER = f"{WORKITEM}/subscribers/{{subscriber}}"
COMMITMENT = "/commitment-requests/{transaction}"
STEP_WRITES = [
    ("POST", WORKITEM),
    ("PUT", f"{WORKITEM}/state"),
    ("POST", f"{WORKITEM}/cancelrequest"),
    ("POST", f"{WORKITEM}/cancelrequest/{{requester}}"),
    ("POST", SUBSCRIBER),
    ("DELETE", SUBSCRIBER),
    ("POST", f"{SUBSCRIBER}/suspend"),
]
COUNT = Case(("application/json", "*/*"), search=True)
SEARCH, READ, METADATA = Case(JSON, search=True), Case(FILES), Case(JSON)
DRAWN, STOW = Case(PICTURES, parameters={"window": "40,400,linear"}), Case(JSON)
CASES: dict[tuple[str, str], Case] = {
    ("OPTIONS", "/"): Case(("application/json", "application/vnd.sun.wadl+xml")),
    ("GET", "/studies/count"): COUNT,
    ("GET", "/series/count"): COUNT,
    ("GET", "/instances/count"): COUNT,
    ("GET", "/studies"): SEARCH,
    ("GET", "/series"): SEARCH,
    ("GET", "/instances"): SEARCH,
    ("GET", f"{STUDY}/series"): SEARCH,
    ("GET", f"{STUDY}/instances"): SEARCH,
    ("GET", f"{SERIES}/instances"): SEARCH,
    ("GET", STUDY): READ,
    ("GET", SERIES): READ,
    ("GET", INSTANCE): READ,
    ("GET", f"{STUDY}/metadata"): METADATA,
    ("GET", f"{SERIES}/metadata"): METADATA,
    ("GET", f"{INSTANCE}/metadata"): METADATA,
    ("GET", f"{INSTANCE}/bulkdata/{{path:path}}"): Case(("application/octet-stream", "*/*")),
    ("GET", FRAMES): Case(PIXELS),
    **{("GET", f"{path}/bulkdata"): Case(PARTS) for path in (STUDY, SERIES, INSTANCE)},
    **{("GET", f"{path}/pixeldata"): Case(PARTS) for path in (STUDY, SERIES, INSTANCE)},
    ("GET", f"{SERIES}/lowres"): Case(("*/*",)),
    **{
        ("GET", f"{path}/{picture}"): DRAWN
        for path in (STUDY, SERIES, INSTANCE, FRAMES)
        for picture in ("rendered", "thumbnail")
    },
    ("GET", "/wado"): Case(("*/*",), uri=True),
    ("POST", "/studies"): STOW,
    ("POST", STUDY): STOW,
    ("GET", "/workitems"): METADATA,
    ("GET", WORKITEM): METADATA,
    ("POST", "/workitems"): METADATA,
    ("POST", COMMITMENT): METADATA,
    ("GET", COMMITMENT): METADATA,
    **dict.fromkeys(STEP_WRITES, METADATA),
}
URI = ("GET", "/wado")
READS = [route for route in CASES if route[0] == "GET"]
STORES = [route for route in CASES if route[0] == "POST" and "/studies" in route[1]]
OWN = {  # the parts of a path that name something of one's own; sealed, so that lowres has it
    tenant: {
        "study": held[0].study,
        "series": held[0].series,
        "instance": held[0].instance,
        "frames": "1",
        "path:path": "7FE00010",
        "workitem": STEP[tenant],
        "subscriber": "TEST",
        "requester": "TEST",
        "transaction": STEP[tenant],
    }
    for tenant, held in HELD.items()
}
_ODD = ("%00", "1.2.03", "..", "*", "1.2.1.1,1.2.2.1", "x" * 65)


@st.composite
def searches(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Draw the parameters of a search."""
    tags = draw(st.lists(st.sampled_from(KEYS), max_size=3, unique=True))
    asked = [(f"{tag:08X}", draw(values(tag, separator=","))) for tag in tags]
    asked += draw(
        st.lists(
            st.sampled_from(
                [
                    ("includefield", "all"),
                    ("includefield", "00201208"),
                    ("includefield", "PixelData,HighBit"),
                    ("limit", "1"),
                    ("offset", "1"),
                    ("fuzzymatching", "true"),
                    ("multiplevaluematching", "true"),
                ]
            ),
            max_size=3,
            unique_by=lambda pair: pair[0],
        )
    )
    return asked


@st.composite
def objects(draw: st.DrawFn) -> dict[str, str]:
    """Draw the parameters of WADO-URI: what is one's own, the other's, nobody's, or nonsense."""
    one = draw(st.sampled_from([one for held in HELD.values() for one in held]))
    named = {"studyUID": one.study, "seriesUID": one.series, "objectUID": one.instance}
    name = draw(st.sampled_from([*named, ""]))
    if name:
        named[name] = draw(st.sampled_from([*UIDS["instance"], *_ODD]))
    kinds = ["application/dicom", "image/png", "image/jpeg", "text/html"]
    more = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "contentType": st.sampled_from(kinds),
                "frameNumber": st.sampled_from(["1", "2", "0", "x"]),
                "anonymize": st.just("yes"),
            },
        )
    )
    return {"requestType": "WADO", **named, **more}


@st.composite
def paths(draw: st.DrawFn, template: str) -> str:
    """Fill a route's path with names of one's own, of the other's, of nobody's, or nonsense."""
    filled = template
    if draw(st.booleans()):  # one thing that is there, of either
        one = draw(st.sampled_from([one for held in HELD.values() for one in held]))
        named = {"study": one.study, "series": one.series, "instance": one.instance}
    else:
        named = {
            level: draw(st.sampled_from(uids) | st.sampled_from(_ODD))
            for level, uids in UIDS.items()
        }
    named["frames"] = draw(st.sampled_from(["1", "1,1", "2", "0", "99", "x"]))
    named["workitem"] = draw(st.sampled_from([*STEP.values(), "1.2.77", *_ODD]))
    named["transaction"] = draw(st.sampled_from([*STEP.values(), "1.2.77", *_ODD]))
    named["path:path"] = draw(st.sampled_from(["7FE00010", "00100010", "0/7FE00010", "x"]))
    for name, value in named.items():
        filled = filled.replace(f"{{{name}}}", value)
    return filled


@st.composite
def requests(draw: st.DrawFn, route: tuple[str, str]) -> httpx.Request:
    """Draw a request of a route."""
    method, template = route
    case = CASES[route]
    parameters = draw(searches()) if case.search else draw(st.sampled_from([{}, case.parameters]))
    if case.uri:
        parameters = draw(objects())
    headers = {"Accept": draw(st.sampled_from(case.accepts))}
    if draw(st.integers(0, 5)) == 0:
        headers["Range"] = "bytes=0-99"
    url = f"http://node/dicomweb{draw(paths(template))}"
    return httpx.Request(method, url, params=parameters, headers=headers)


def ask(client: httpx.Client, request: httpx.Request) -> tuple[int, dict[str, str], bytes]:
    """Send a request; return all that it is answered."""
    headers = {**client.headers, **request.headers}
    answer = client.request(request.method, request.url, headers=headers, content=request.content)
    return answer.status_code, dict(answer.headers), answer.content


def filled(template: str, tenant: TenantId) -> str:
    """Fill a route's path with what an organisation holds; a new name in a path fails here."""
    for name, value in OWN[tenant].items():
        template = template.replace(f"{{{name}}}", value)
    assert "{" not in template
    return template


def named(one: Slice) -> str:
    """Name an instance to WADO-URI."""
    return (
        f"requestType=WADO&studyUID={one.study}&seriesUID={one.series}&objectUID={one.instance}"
        "&contentType=application/dicom"
    )


def as_metadata(slices: list[Slice]) -> tuple[bytes, dict[str, str]]:
    """Lay instances into a STOW-RS body as metadata with all that they hold inline."""
    told = b",".join(dataset_json(read(one.dataset, EXPLICIT)) for one in slices)
    head = b"--b\r\nContent-Type: application/dicom+json\r\n\r\n["
    kind = 'multipart/related; type="application/dicom+json"; boundary=b'
    return head + told + b"]\r\n--b--\r\n", {"Content-Type": kind}


def test_every_route_of_the_door_is_driven() -> None:
    world = World()
    with world.client():
        routes = router(_services(world)).routes
    served = {
        (method, route.path)
        for route in routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"  # Starlette's own of each GET
    }

    others = [route for route in routes if not isinstance(route, Route)]
    assert [route.path for route in others] == ["/subscribers/{subscriber}"]  # a WebSocket
    assert served == set(CASES)


def _services(world: World) -> DicomwebServices:
    never = None
    return DicomwebServices(
        visitor=world.visitor,
        issuer_of=never,
        catalogue=never,
        contents=never,
        journal=never,
        audit=world.audit,
        clock=never,
        workshop=never,
        workitems=never,
        commitments=never,
    )


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("route", READS, ids=" ".join)
def test_reading_is_as_if_the_other_were_not_there(
    twins: Worlds, route: tuple[str, str], examples: int
) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(st.sampled_from(TENANTS), requests(route))
    def same(tenant: TenantId, request: httpx.Request) -> None:
        before = len(twins.both.audit.entries)

        crowded = ask(twins.both.web(tenant.value), request)

        assert crowded == ask(twins.alone[tenant].web(tenant.value), request)
        assert {e.tenant for e in twins.both.audit.entries[before:]} <= {tenant, NORTH}

    same()


@pytest.mark.parametrize("route", READS, ids=" ".join)
def test_one_reads_ones_own_and_the_others_is_as_absent(
    twins: Worlds, route: tuple[str, str]
) -> None:
    method, template = route
    accept = {"Accept": CASES[route].accepts[0]}
    for tenant in TENANTS:
        client = twins.both.web(tenant.value)
        own, theirs = filled(template, tenant), filled(template, OTHER[tenant])

        if route == URI:
            own, theirs = (f"{own}?{named(HELD[one][0])}" for one in (tenant, OTHER[tenant]))
        answer = client.request(method, own, headers=accept)
        crossing = client.request(method, theirs, headers=accept)
        absent = client.request(method, theirs.replace("1.2.", "1.3.77."), headers=accept)

        assert answer.status_code == 200, answer.text
        if theirs != own:
            assert crossing.status_code in {204, 404}
            assert (crossing.status_code, crossing.content) == (
                absent.status_code,
                absent.content,
            )
        assert twins.both.web("nobody").request(method, own).status_code == 401


def test_the_capabilities_tell_nothing_of_what_is_held(twins: Worlds) -> None:
    request = httpx.Request("OPTIONS", "http://node/dicomweb/", headers={"Accept": "*/*"})

    told = {ask(twins.both.web(tenant.value), request)[2] for tenant in TENANTS}

    assert told == {ask(twins.alone[TENANTS[0]].web(TENANTS[0].value), request)[2]}
    assert twins.both.web("nobody").request("OPTIONS", "/").status_code == 401


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "POST", "OPTIONS"])
def test_no_other_method_tells_or_changes_anything(twins: Worlds, method: str) -> None:
    for tenant in TENANTS:
        for template in sorted({t for _, t in CASES if (method, t) not in CASES}):
            path = filled(template, OTHER[tenant])
            request = httpx.Request(method, f"http://node/dicomweb{path}")

            crowded = ask(twins.both.web(tenant.value), request)

            assert crowded == ask(twins.alone[tenant].web(tenant.value), request)
            stored_into = method == "POST" and template == "/studies/count"  # a study called so
            told = {404, 405, 415 if stored_into else 404, 204 if method == "OPTIONS" else 404}
            assert crowded[0] in told or method == "HEAD"
    for tenant in TENANTS:
        _unchanged(twins, tenant)


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("route", STORES, ids=" ".join)
def test_storing_is_as_if_the_other_were_not_there(
    own_twins: Worlds, route: tuple[str, str], examples: int
) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(st.data(), st.sampled_from(TENANTS), st.sampled_from([*UIDS["study"], *_ODD[:3]]))
    def same(data: st.DataObject, tenant: TenantId, study: str) -> None:
        slices = data.draw(to_store(tenant))
        if data.draw(st.booleans()):
            body, headers = multipart([one.file for one in slices])
        else:
            body, headers = as_metadata(slices)
        headers["Accept"] = data.draw(st.sampled_from(CASES[route].accepts))
        url = "http://node/dicomweb" + route[1].replace("{study}", study)
        request = httpx.Request("POST", url, content=body, headers=headers)

        crowded = ask(own_twins.both.web(tenant.value), request)

        assert crowded == ask(own_twins.alone[tenant].web(tenant.value), request)
        _unchanged(own_twins, OTHER[tenant])

    same()
    for tenant in TENANTS:
        _unchanged(own_twins, tenant)


@pytest.mark.parametrize("route", STEP_WRITES, ids=" ".join)
def test_a_step_of_the_other_is_as_absent_and_stays_as_it_was(
    own_twins: Worlds, route: tuple[str, str]
) -> None:
    method, template = route
    for tenant in TENANTS:
        theirs = filled(template, OTHER[tenant])
        before = own_twins.both.web(OTHER[tenant].value).get(f"/workitems/{STEP[OTHER[tenant]]}")
        said = {"00741000": {"vr": "CS", "Value": ["IN PROGRESS"]}}
        said["00081195"] = {"vr": "UI", "Value": ["2.25.1"]}
        body = {} if template == WORKITEM else said
        client = own_twins.both.web(tenant.value)

        crossing = client.request(method, theirs, json=body)
        absent = client.request(method, theirs.replace("1.2.", "1.3.77."), json=body)
        after = own_twins.both.web(OTHER[tenant].value).get(f"/workitems/{STEP[OTHER[tenant]]}")

        expected = 400 if template.endswith("suspend") else 404
        assert (crossing.status_code, absent.status_code) == (expected, expected)
        assert before.content == after.content
        assert own_twins.both.web("nobody").request(method, theirs).status_code == 401


def test_what_is_told_of_steps_goes_to_subscribers_of_their_organisation(
    own_twins: Worlds,
) -> None:
    west, east = TENANTS
    watched = "/workitems/1.2.840.10008.5.1.4.34.5/subscribers/WATCHER"
    assert own_twins.both.web(west.value).post(watched).status_code == 201

    own_twins.both.web(east.value).post(f"/workitems/{STEP[east]}/cancelrequest")

    told = own_twins.both.workitems.waiting(AETitle("WATCHER"), tenant=west)
    assert [STEP[west] in one.content.decode() for one in told] == [True]
    assert not own_twins.both.workitems.waiting(AETitle("WATCHER"), tenant=east)


def test_the_other_may_keep_the_same_uids(twins: Worlds) -> None:
    views = {
        tenant: twins.both.web(tenant.value).get(f"/studies/{HELD_TWICE}/metadata").text
        for tenant in TENANTS
    }

    assert "TEST-OUEST" in views[TENANTS[0]]
    assert "TEST-EST" in views[TENANTS[1]]
    assert "TEST-EST" not in views[TENANTS[0]]
    assert "TEST-OUEST" not in views[TENANTS[1]]


def _unchanged(twins: Worlds, tenant: TenantId) -> None:
    """Hold what an organisation sees beside the other against what it sees alone."""
    assert twins.view(twins.both, tenant) == twins.view(twins.alone[tenant], tenant)
