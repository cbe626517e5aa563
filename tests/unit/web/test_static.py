"""The built pages: which file a path names, what may be cached, what is never given out."""

import gzip
from pathlib import Path

import pytest
from starlette.applications import Starlette

from archipel.protocols.web.static import FOR_EVER, static_routes

ASSET = "assets/index-BsQj3k9a.js"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "static"
    for path, text in {
        "shell/index.html": "<title>shell</title>",
        "viewer/index.html": "<title>viewer</title>",
        "portal/portal.html": "<title>portal</title>",
        "viewer/app-config.js": "window.config = {}",
        f"shell/{ASSET}": "console.log(1)",
        "shell/.env": "SECRET",
        "shell/notes.py": "print(1)",
    }.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (root / f"shell/{ASSET}.gz").write_bytes(gzip.compress(b"console.log(1)"))
    (root / f"shell/{ASSET}.br").write_bytes(b"not really brotli")
    (tmp_path / "outside.txt").write_text("SECRET")
    (root / "shell" / "link.txt").symlink_to(tmp_path / "outside.txt")
    return root


@pytest.fixture
def client(root: Path, client_of):
    return client_of(Starlette(routes=static_routes(root)))


@pytest.mark.parametrize(
    "path", ["/", "/reading", "/reading/north~1.2.840.113619.2", "/patients/p1", "/login"]
)
def test_a_page_of_the_shell_is_the_shell(client, path):
    answer = client.get(path)

    assert answer.text == "<title>shell</title>"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["/viewer/", "/viewer", "/viewer/archipel"])
def test_a_page_of_the_viewer_is_the_viewer(client, path):
    assert client.get(path).text == "<title>viewer</title>"


@pytest.mark.parametrize("path", ["/portal/", "/portal", "/portal/who", "/portal/result/0a"])
def test_a_page_of_the_portal_is_the_portal(client, path):
    assert client.get(path).text == "<title>portal</title>"
    assert client.get("/portal/api/nothing").status_code == 404


def test_a_hashed_asset_is_kept_for_ever_and_sent_compressed(client):
    plain = client.get(f"/{ASSET}", headers={"Accept-Encoding": "identity"})
    packed = client.get(f"/{ASSET}", headers={"Accept-Encoding": "gzip"})
    brotli = client.head(f"/{ASSET}", headers={"Accept-Encoding": "gzip, deflate, br"})
    unwanted = client.head(f"/{ASSET}", headers={"Accept-Encoding": "gzip, br;q=0"})

    assert plain.text == packed.text == "console.log(1)"
    assert plain.headers["cache-control"] == FOR_EVER
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == unwanted.headers["content-encoding"] == "gzip"
    assert brotli.headers["content-encoding"] == "br"
    assert packed.headers["content-type"] == "text/javascript; charset=utf-8"
    assert packed.headers["vary"] == "Accept-Encoding"


def test_a_file_without_hash_is_asked_for_again_and_answered_briefly(client):
    first = client.get("/viewer/app-config.js")
    again = client.get("/viewer/app-config.js", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/assets/gone-12345678.js",
        "/favicon.ico",
        "/api/nothing",
        "/dicomweb/studies",
        "/metrics",
        "/viewer/gone.wasm",
    ],
)
def test_what_is_no_file_and_no_page_is_not_found(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/.env",
        "/notes.py",
        "/link.txt",
        "/../outside.txt",
        "/assets/..%2f..%2foutside.txt",
        "/%2e%2e/outside.txt",
        "/assets/..\\..\\outside.txt",
        "/index.html%00.js",
        "/index-BsQj3k9a.js.gz",
    ],
)
def test_nothing_else_leaves_the_folder(client, path):
    answer = client.get(path)

    assert "SECRET" not in answer.text
    assert "print" not in answer.text
    assert answer.status_code == 404 or answer.text == "<title>shell</title>"


def test_a_node_without_pages_says_what_to_do(tmp_path, client_of):
    client = client_of(Starlette(routes=static_routes(tmp_path)))

    answer = client.get("/")

    assert answer.status_code == 503
    assert "make web" in answer.text
