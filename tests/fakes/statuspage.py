"""A far end that speaks Statuspage's incident API (and takes webhooks): keeps incidents, answers as it does, misbehaves when told.

Shapes: developer.statuspage.io, `POST /v1/pages/{page}/incidents`, `PATCH …/incidents/{id}`, `PATCH …/incidents/{id}/incident_updates/{id}`.
"""

import asyncio
import json
import socket
from typing import Any

import uvicorn


class Statuspage:
    """`faults` are the next answers: a status, 0 for an answer that is lost after the work was done, none for no fault."""

    def __init__(self, key: str = "far-key") -> None:
        self.key = key
        self.incidents: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, str, dict[str, Any], dict[str, str]]] = []
        self.hooks: list[tuple[bytes, dict[str, str]]] = []
        self.faults: list[int | None] = []

    async def __aenter__(self) -> "Statuspage":
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(self._app, interface="asgi3", lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._server.install_signal_handlers = lambda: None
        self._task = asyncio.get_running_loop().create_task(self._server.serve(sockets=[listener]))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        await self._task

    async def _app(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        raw, more = b"", True
        while more:
            part = await receive()
            raw, more = raw + part.get("body", b""), part.get("more_body", False)
        headers = {k.decode(): v.decode() for k, v in scope["headers"]}
        fault = self.faults.pop(0) if self.faults else None
        status, body = (fault, {"error": "x"}) if fault and fault > 0 else self._answer(scope["method"], scope["path"], raw, headers)
        if fault is not None and fault <= 0:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"99")]})
            raise ConnectionResetError
        content = json.dumps(body).encode()
        found = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        if status == 302:
            found.append((b"location", b"http://127.0.0.1:1/"))
        if status == 429:
            found.append((b"retry-after", b"7"))
        await send({"type": "http.response.start", "status": status, "headers": found})
        await send({"type": "http.response.body", "body": content})

    def _answer(self, method: str, path: str, raw: bytes, headers: dict[str, str]) -> tuple[int, Any]:
        if path == "/hook":
            self.hooks.append((raw, headers))
            return 200, {}
        content = json.loads(raw) if raw else {}
        self.requests.append((method, path, content, headers))
        if headers.get("authorization") != f"OAuth {self.key}":
            return 401, {"error": "Could not authenticate"}
        parts = path.strip("/").split("/")  # pages/P/incidents[/ID[/incident_updates/UID]]
        if method == "GET" and len(parts) == 3:
            return 200, list(self.incidents.values())
        if method == "POST":
            return 201, self._create(content["incident"])
        found = self.incidents.get(parts[3])
        if found is None:
            return 404, {"error": "not found"}
        if method == "PATCH" and len(parts) == 6:
            update = next(u for u in found["incident_updates"] if u["id"] == parts[5])
            update["body"] = content["incident_update"]["body"]
            return 200, update
        return 200, self._change(found, content["incident"]) if method == "PATCH" else found

    def _create(self, given: dict[str, Any]) -> dict[str, Any]:
        made = {"id": f"far{len(self.incidents) + 1}", "incident_updates": [], "metadata": given.get("metadata", {})}
        self.incidents[made["id"]] = made
        return self._change(made, given)

    def _change(self, held: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        held.update({k: given[k] for k in ("name", "status", "impact_override") if k in given})
        held["components"] = [{"id": i, "status": s} for i, s in given.get("components", {}).items()]
        number = len(held["incident_updates"]) + 1
        held["incident_updates"].insert(
            0, {"id": f"u{number}", "status": given.get("status"), "body": given.get("body"), "notified": given["deliver_notifications"]}
        )
        return held
