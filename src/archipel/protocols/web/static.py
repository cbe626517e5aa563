"""The front end's files as built: the shell at /, OHIF at /viewer/, results at /portal/.

A file whose name holds a hash of its content is kept by browsers for ever; an index is asked for
again each time. Where the build left a .br or .gz beside a file, that is sent to those who can
read it. A path of the shell that names no file is a page of the shell (its router reads it).
"""

import re
from pathlib import Path, PurePosixPath

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

STATIC = Path(__file__).parent / "static"
HASHED = re.compile(r"[-.][A-Za-z0-9_-]{8,64}\.(?:js|css|wasm|woff2?|svg|png|jpg|webp|json|txt)$")
HAS_DIGIT = re.compile(r"\d")
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".wasm": "application/wasm",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
}
NOT_BUILT = (
    "The pages of this node are not built.\n\n"
    "Run `make web` in the source tree (Node.js 20 or later), then start the node again.\n"
    "The DICOM door, /dicomweb and /api work without them.\n"
)
VIEWER, SHELL, PORTAL = "viewer", "shell", "portal"
INDEX = {VIEWER: "index.html", SHELL: "index.html", PORTAL: "portal.html"}
OTHER_DOORS = frozenset({"api", "dicomweb", "fhir", "health", "metrics", "peer"})


def static_routes(root: Path = STATIC) -> list[BaseRoute]:
    """Return the routes of the pages; they take every path that no other door took before."""

    async def page(request: Request) -> Response:
        return answer(root, request.path_params["path"], request)

    return [Route("/{path:path}", page, methods=["GET", "HEAD"], name="pages")]


def answer(root: Path, path: str, request: Request) -> Response:
    """Answer one path below `root`."""
    first = path.split("/", 1)[0]
    shell = first if first in INDEX else SHELL
    found = _file(root, path if shell != SHELL else f"{SHELL}/{path}")
    if found is None and _is_page(path):
        found = _file(root, f"{shell}/{INDEX[shell]}")
        if found is None:
            return PlainTextResponse(NOT_BUILT, status_code=503)
    if found is None:
        return PlainTextResponse("There is no such file.\n", status_code=404)
    return _sent(found, request)


def _is_page(path: str) -> bool:
    """Tell whether a path that is no file may be one of the shells' own pages."""
    if path.split("/", 1)[0] in OTHER_DOORS or path.startswith("portal/api"):
        return False
    # The id of an exam holds dots: only what ends like one of our files is taken for a file.
    return PurePosixPath(path).suffix not in TYPES


def _file(root: Path, path: str) -> Path | None:
    """Find the file that a path names; never one outside `root`, never a hidden one."""
    parts = path.split("/")
    if any(part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        return None
    wanted = root.joinpath(*[part for part in parts if part])
    if not wanted.is_file():
        return None
    inside = wanted.resolve().is_relative_to(root.resolve())
    return wanted if inside and wanted.suffix in TYPES else None


def _sent(found: Path, request: Request) -> Response:
    offered = {
        part.split(";", 1)[0].strip()
        for part in request.headers.get("Accept-Encoding", "").lower().split(",")
        if not re.search(r";\s*q=0(?:\.0*)?\s*$", part)
    }
    headers = {"Vary": "Accept-Encoding", "Cache-Control": _kept(found.name)}
    sent = found
    for coding, suffix in ENCODINGS:
        packed = found.with_name(found.name + suffix)
        if coding in offered and packed.is_file():
            sent = packed
            headers["Content-Encoding"] = coding
            break
    response = FileResponse(sent, headers=headers, media_type=TYPES[found.suffix])
    return _unless_known(response, sent, request)


def _unless_known(response: FileResponse, sent: Path, request: Request) -> Response:
    """Answer 304 where the browser holds the same bytes (RFC 9110 section 13.1.2)."""
    state = sent.stat()
    tag = f'"{state.st_mtime_ns:x}-{state.st_size:x}{sent.suffix}"'
    response.headers["ETag"] = tag
    if tag in request.headers.get("If-None-Match", ""):
        kept = ("ETag", "Cache-Control", "Vary")
        return Response(status_code=304, headers={name: response.headers[name] for name in kept})
    return response


def _kept(name: str) -> str:
    hashed = HASHED.search(name)
    return FOR_EVER if hashed and HAS_DIGIT.search(hashed[0]) else ASK_AGAIN
