"""The process of the web door: one ASGI application on granian."""

import asyncio
import gc
from collections.abc import Callable
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server

from archipel.app.home import Home
from archipel.app.settings import HttpSettings, host_and_port
from archipel.app.web import application
from archipel.app.wiring import Node
from archipel.kernel.errors import Unavailable

_GARBAGE_OBJECTS = 20_000  # made and kept before the youngest are looked through
QUIET = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"_granian": {"level": "WARNING", "propagate": True}},
}
"""The server's own log goes where ours goes: standard output says `ready` and nothing else."""


def run(home: Home, *, ready: Callable[[], None], stop: int) -> None:
    """Serve HTTP until `stop` is readable."""
    with Node.open(home) as node:
        asyncio.run(_serve(node, ready, stop))


async def _serve(node: Node, ready: Callable[[], None], stop: int) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    loop.add_reader(stop, stopping.set)
    server = _server(node)
    # What the application is made of lives as long as the process: nobody looks through it
    # again, and answers of many small objects are looked through less often.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_OBJECTS, 10, 10)
    serving = loop.create_task(server.serve())
    await _answers(node.settings.http, serving)
    ready()
    # The decoders take a second to load: before the first reader waits for them.
    loop.run_in_executor(None, node.workshop.warm)
    ended = loop.create_task(stopping.wait())
    await asyncio.wait({serving, ended}, return_when=asyncio.FIRST_COMPLETED)
    loop.remove_reader(stop)
    server.stop()
    await asyncio.wait({serving}, timeout=5)
    if serving.done() and not stopping.is_set():
        serving.result()  # raises what it died of
        raise Unavailable("the web server ended by itself")


def _server(node: Node) -> Server:
    told = node.settings.http
    host, port = host_and_port(told.bind)
    return Server(
        application(node),
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        blocking_threads=1,
        backlog=1024,
        websockets=True,  # events of workitems (PS3.18 section 11.13)
        log_access=False,
        log_dictconfig=QUIET,
        ssl_cert=Path(told.tls_certificate) if told.tls_certificate else None,
        ssl_key=Path(told.tls_key) if told.tls_key else None,
    )


async def _answers(told: HttpSettings, serving: "asyncio.Task[None]") -> None:
    """Wait until the door is open. Raises what the server died of."""
    host, port = host_and_port(told.bind)
    for _ in range(600):
        if serving.done():
            serving.result()
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return
    raise Unavailable(f"the web server does not answer at {told.bind}")
