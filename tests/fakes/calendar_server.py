"""A calendar server on loopback: it answers what a test tells it to, and remembers what it was asked."""

import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


class CalendarServer:
    """Use as a context; `answers` by path, anything else is a 404."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                fake.asked.append(self.path)
                answer = fake.answers.get(self.path, Answer(404))
                time.sleep(answer.delay)
                self.send_response(answer.status)
                for name, value in {"content-length": str(len(answer.body)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(answer.body)
                except OSError:
                    self.close_connection = True  # the client has had enough

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "CalendarServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """From now on nobody answers on the port; again is fine."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


def event(summary: str, start: str, end: str, *lines: str, uid: str = "") -> str:
    """One VEVENT; start and end as properties have them, `;TZID=Europe/Moscow:20261123T100000`."""
    parts = ["BEGIN:VEVENT", f"UID:{uid or summary + start}", f"DTSTART{start}", f"DTEND{end}", f"SUMMARY:{summary}", *lines, "END:VEVENT"]
    return "\r\n".join(parts)


def calendar(*events: str) -> bytes:
    """A calendar of these events."""
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//EN", *events, "END:VCALENDAR", ""]).encode()
