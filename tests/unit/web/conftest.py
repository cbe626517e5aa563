"""A client that calls an ASGI application without a socket."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp


class Client:
    """Sends requests straight to an application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def request(self, method: str, path: str, **asked: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
                return await client.request(method, path, **asked)

        return asyncio.run(send())

    def get(self, path: str, **asked: Any) -> httpx.Response:
        return self.request("GET", path, **asked)

    def head(self, path: str, **asked: Any) -> httpx.Response:
        return self.request("HEAD", path, **asked)

    def post(self, path: str, **asked: Any) -> httpx.Response:
        return self.request("POST", path, **asked)


@pytest.fixture
def client_of() -> Callable[[ASGIApp], Client]:
    return Client
