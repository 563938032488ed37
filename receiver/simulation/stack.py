"""A real Prometheus and a real Alertmanager over the simulation, with the shipped configuration made quicker. Used by `cli.outage` and by tests."""

import asyncio
import contextlib
import shutil
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import yaml

from receiver.core.errors import ReceiverError
from receiver.simulation.hasten import hasten, shorter
from receiver.simulation.server import ADDRESS, Simulation

PROGRAMS = ("prometheus", "prometheus-alertmanager")
SCRAPES = 3  # a system is down when so many scrapes in a row found nothing, as with the shipped intervals
_PACKAGE = Path(__file__).parent.parent
_READY_TRIES, _READY_PAUSE, _GRACE = 300, 0.1, 10.0


class StackError(ReceiverError):
    """A program of the stack did not come up; the text says which and where its log is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stack:
    """Where the two programs listen."""

    prometheus: str
    alertmanager: str


def is_installed() -> bool:
    """Whether both programs are on this machine."""
    return all(shutil.which(program) for program in PROGRAMS)


def pack() -> Path:
    """The shipped `monitoring` directory: beside the package in a checkout, inside it when installed."""
    inside = _PACKAGE / "_monitoring"
    return inside if inside.is_dir() else _PACKAGE.parent / "monitoring"


@contextlib.asynccontextmanager
async def stack(
    directory: Path, simulation: Simulation, port: int, hook: str, *, speed: float, scrape: str = "1s", token: str = "", at: tuple[int, int] = (0, 0)
) -> AsyncIterator[Stack]:
    """Run both while the block runs; `directory` is theirs and is emptied first. Alerts go to `hook`, both listen on the ports `at`. Raises StackError."""
    prometheus, alertmanager = (f"{ADDRESS}:{one or free_port()}" for one in at)
    write(directory, simulation, port, hook, alertmanager, speed=speed, scrape=scrape, token=token)
    words = {
        "prometheus-alertmanager": (
            f"--config.file={directory}/alertmanager.yml",
            f"--storage.path={directory}/alertmanager",
            f"--web.listen-address={alertmanager}",
            "--cluster.listen-address=",
        ),
        "prometheus": (
            f"--config.file={directory}/prometheus.yml",
            f"--storage.tsdb.path={directory}/tsdb",
            f"--web.listen-address={prometheus}",
            "--rules.alert.resend-delay=5s",
        ),
    }
    async with _program(directory, "prometheus-alertmanager", words, alertmanager), _program(directory, "prometheus", words, prometheus):
        yield Stack(prometheus=f"http://{prometheus}", alertmanager=f"http://{alertmanager}")


def write(directory: Path, simulation: Simulation, port: int, hook: str, alertmanager: str, *, speed: float, scrape: str, token: str) -> None:
    """The shipped configuration, quicker, with the simulation as its only targets."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    shipped = pack()
    for path in sorted((shipped / "prometheus" / "rules").glob("*.yml")):
        _save(directory / "rules" / path.name, hasten(_load(path), speed, least=SCRAPES * int(scrape.removesuffix("s")), every=scrape))
    config = _load(shipped / "prometheus" / "prometheus.yml")
    config["global"] = {"scrape_interval": scrape, "scrape_timeout": scrape, "evaluation_interval": scrape}
    _save(directory / "prometheus.yml", config)
    targets: dict[str, list[dict[str, Any]]] = {"alertmanagers": [{"targets": [alertmanager]}], "incident-receiver": [_receiver(hook)]}
    for kind, target in simulation.targets(port):
        targets.setdefault(kind, []).append(target)
    for kind, found in targets.items():
        _save(directory / "targets" / f"{kind}.yml", found)
    _save(directory / "alertmanager.yml", _quick_alertmanager(_load(shipped / "alertmanager" / "alertmanager.yml"), hook, token, speed))


def _receiver(hook: str) -> dict[str, Any]:
    return {"targets": [urlsplit(hook).netloc], "labels": {"service": "incident-receiver", "environment": "prod"}}


def _quick_alertmanager(config: dict[str, Any], hook: str, token: str, speed: float) -> dict[str, Any]:
    webhook: dict[str, Any] = {"url": hook, "send_resolved": True}
    if token:
        webhook["http_config"] = {"authorization": {"credentials": token}}
    own = {"incidents": {"webhook_configs": [webhook]}}
    return {**config, "route": _quick_route(config["route"], speed), "receivers": [{"name": r["name"], **own.get(r["name"], {})} for r in config["receivers"]]}


def _quick_route(route: Mapping[str, Any], speed: float) -> dict[str, Any]:
    quick = {key: shorter(value, speed) if key in ("group_wait", "group_interval", "repeat_interval") else value for key, value in route.items()}
    return {**quick, "routes": [_quick_route(child, speed) for child in route["routes"]]} if "routes" in route else quick


@contextlib.asynccontextmanager
async def _program(directory: Path, name: str, words: Mapping[str, tuple[str, ...]], address: str) -> AsyncIterator[None]:
    log = directory / f"{name}.log"
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(name, *words[name], stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        await _ready(f"http://{address}/-/ready", name, log, process)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_GRACE):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _ready(url: str, name: str, log: Path, process: asyncio.subprocess.Process) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        for _ in range(_READY_TRIES):
            if process.returncode is not None:
                break
            with contextlib.suppress(httpx.HTTPError):
                if (await http.get(url)).status_code == httpx.codes.OK:
                    return
            await asyncio.sleep(_READY_PAUSE)
    raise StackError(f"{name} does not start, its log is {log}")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def _save(path: Path, content: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=1000), "utf-8")
