"""What every answer carries, and how much a request may bring."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from archipel.protocols.web.security import (
    BODY_BYTES,
    CONTENT_SECURITY_POLICY,
    DECODER_POLICY,
    PORTAL_POLICY,
    Security,
)


async def count(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture
def guarded(client_of):
    return lambda *, secure: client_of(application(secure=secure))


def application(*, secure: bool) -> Starlette:
    paths = ["/api/x", "/dicomweb/studies", "/"]
    app = Starlette(routes=[Route(path, count, methods=["GET", "POST"]) for path in paths])
    app.add_middleware(Security, secure=secure)
    return app


@pytest.mark.parametrize("path", ["/api/x", "/dicomweb/studies", "/", "/nowhere"])
def test_every_answer_carries_the_policy(guarded, path):
    headers = guarded(secure=False).get(path).headers

    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "strict-transport-security" not in headers
    assert headers.get("cache-control") == ("no-store" if path == "/api/x" else None)


def test_the_policy_lets_no_script_in_but_ours():
    scripts = next(p for p in CONTENT_SECURITY_POLICY.split("; ") if p.startswith("script-src"))

    assert scripts == "script-src 'self' 'wasm-unsafe-eval'"
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'")


def test_only_a_script_of_the_viewer_may_evaluate_as_a_worker(guarded):
    client = guarded(secure=False)
    script = "/viewer/8097.bundle.8ae6404ba94890a0.js"
    pages = ["/viewer/archipel", "/viewer/index.html", "/viewer/plugins/before.js", f"{script}/"]

    assert client.get(script).headers["content-security-policy"] == DECODER_POLICY
    assert "'unsafe-eval'" in DECODER_POLICY
    for path in [*pages, "/assets/index.bundle.0a.js", "/api/x"]:
        assert client.get(path).headers["content-security-policy"] == CONTENT_SECURITY_POLICY


def test_over_tls_the_browser_is_told_to_stay_there(guarded):
    headers = guarded(secure=True).get("/").headers

    assert headers["strict-transport-security"] == "max-age=31536000"


async def pieces(total: int):
    for _ in range(total // 65536):
        yield b"x" * 65536


def test_a_body_over_the_limit_is_refused_announced_or_not(guarded):
    client = guarded(secure=False)

    announced = client.post("/api/x", content=b"x" * (BODY_BYTES + 1))
    streamed = client.post("/api/x", content=pieces(BODY_BYTES + 65536))
    fitting = client.post("/api/x", content=b"x" * BODY_BYTES)

    assert announced.status_code == streamed.status_code == 413
    assert announced.json()["type"] == "too-large"
    assert fitting.text == str(BODY_BYTES)


def test_images_sent_to_another_door_are_not_its_business(guarded):
    answer = guarded(secure=False).post("/dicomweb/studies", content=b"x" * (BODY_BYTES + 1))

    assert answer.text == str(BODY_BYTES + 1)


def test_the_portal_runs_its_own_script_is_framed_by_nobody_and_brings_little(client_of):
    paths = ["/portal/", "/portal/api/x", "/portalish"]
    app = Starlette(routes=[Route(path, count, methods=["GET", "POST"]) for path in paths])
    app.add_middleware(Security, secure=True)
    client = client_of(app)

    for path in paths[:2]:
        assert client.get(path).headers["content-security-policy"] == PORTAL_POLICY
    assert client.get("/portal/api/x").headers["cache-control"] == "no-store"
    assert client.get("/portalish").headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in PORTAL_POLICY
    large = client.post("/portal/api/x", content=b"x" * (BODY_BYTES + 1))
    assert large.status_code == 413
