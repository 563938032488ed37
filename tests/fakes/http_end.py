"""A far end on loopback that speaks HTTP: what it was asked is the tests' oracle, what it answers is scripted.

Each channel's own far end says, by `check`, whether a request is one its real server would take; one that is not is answered 400 and
never counts as performed.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """One scripted answer. `then`: "drop" closes the connection after the request was read, "hang" never answers."""

    status: int = 200
    body: bytes | dict[str, Any] = b""
    headers: dict[str, str] = field(default_factory=dict)
    then: str = ""
    performed: bool = False


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Check = Callable[[Asked], Reply]


class HttpEnd:
    """Use as a context. `check` answers what no script does; `took` are the requests it took, in their order.

    The script is for requests whose path holds `part`.
    """

    def __init__(self, check: Check, part: str = "") -> None:
        self.asked: list[Asked] = []
        self.took: list[Asked] = []
        self.script: list[Reply] = []
        self._check, self._part = check, part
        self._gone = threading.Event()
        end = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                end._answer(self, Asked(self.command, self.path, headers, body))

            do_GET = do_PUT = do_POST

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def _answer(self, handler: BaseHTTPRequestHandler, asked: Asked) -> None:
        self.asked.append(asked)
        judged = self._check(asked)
        reply = self.script.pop(0) if self.script and self._part in asked.path else judged
        if judged.status < 300 and (reply is judged or reply.performed):
            self.took.append(asked)
        if reply.then == "hang":
            self._gone.wait(30)
        if reply.then:
            handler.close_connection = True
            return
        body = json.dumps(reply.body).encode() if isinstance(reply.body, dict) else reply.body
        handler.send_response_only(reply.status)  # a `Date` is the script's affair
        for name, value in {"content-length": str(len(body)), "content-type": "application/json", **reply.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def __enter__(self) -> "HttpEnd":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._gone.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
