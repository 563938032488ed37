"""The public side over a real socket with a real store, in a thread of its own, for browsers that wait for it."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import uvicorn
from litestar import Litestar

from receiver.clock import ManualClock
from receiver.core.notice import PublicNotice
from receiver.core.subscriber import Standing, Subscriber
from receiver.store.connection import connect
from receiver.store.notices import DOCS, LIST, VERSION, PublicNotices, encode_public
from receiver.store.subscribers import Subscribers
from receiver.web.status.client import client_behind
from receiver.web.status.edition import Site
from receiver.web.status.routes import status_routes
from receiver.web.status.shelf import Shelf
from receiver.web.status.signup import Signup
from tests.harness import free_port, redis_server
from tests.status.values import NOW

READER = Subscriber(id="reader", kind="email", address="reader@example.org", language="ru", components=("checkout",), asked_at=NOW, standing=Standing.ACTIVE)


@contextlib.contextmanager
def status_server(directory: Path, site: Site, notices: tuple[PublicNotice, ...], key: bytes) -> Iterator[str]:
    """The address of a page that shows these notices, at the tests' own instant."""
    port, stop = free_port(), threading.Event()

    async def run(url: str) -> None:
        client, clock = connect(url), ManualClock(NOW)
        for one in notices:
            await client.hset(DOCS, one.id, encode_public(one))
            await client.zadd(LIST, {one.id: one.published_at.timestamp() * 1000})
        await client.incr(VERSION)
        await Subscribers(client, key).save(READER)
        shelf = Shelf(PublicNotices(client), lambda: site, clock, directory / "kept.json")
        app = Litestar(status_routes(shelf, Signup(Subscribers(client, key), clock, key, client_behind(0))), openapi_config=None)
        config = uvicorn.Config(
            app, host="127.0.0.1", port=port, lifespan="off", log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        serving = asyncio.get_running_loop().create_task(server.serve())
        while not stop.is_set():
            await asyncio.sleep(0.05)
        server.should_exit = True
        await serving
        await client.aclose()

    with redis_server(directory) as url:
        thread = threading.Thread(target=lambda: asyncio.run(run(url)))
        thread.start()
        try:
            base = f"http://127.0.0.1:{port}"
            for _ in range(1200):
                with contextlib.suppress(httpx.HTTPError):
                    if httpx.get(f"{base}/status", trust_env=False).status_code == 200:
                        break
                stop.wait(0.05)
            yield base
        finally:
            stop.set()
            thread.join()
