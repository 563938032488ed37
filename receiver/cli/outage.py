"""The demo's outage over the simulated Alexandrite, with a real Prometheus and a real Alertmanager. Called by `cli.demo` when both are installed."""

import asyncio
import sys
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from receiver.app.build import App
from receiver.cli import demo_notice
from receiver.settings import Settings
from receiver.simulation.fault import EFFECTS, Fault
from receiver.simulation.server import ADDRESS, Simulation, served
from receiver.simulation.stack import free_port, is_installed, stack

SPEED = 20.0
FAULT = Fault.SHOP_DB_POOL
CALM, NOTICED, OUTAGE, AFTER = 15.0, 30.0, 30.0, 60.0
PATIENCE = 25.0
__all__ = ["is_installed", "play", "with_evidence"]


def with_evidence(settings: Settings) -> Settings:
    """The same settings with the addresses that the demo's Prometheus and Alertmanager will have: pictures, advice and silences need them."""
    prometheus, alertmanager = (SecretStr(f"http://{ADDRESS}:{free_port()}") for _ in range(2))
    return settings.model_copy(update={"prometheus_url": prometheus, "alertmanager_urls": alertmanager})


async def play(app: App, *, is_once: bool) -> None:
    """Calm, the outage, calm again; afterwards the simulation stays, so that people switch faults themselves."""
    simulation = Simulation(app.clock, speed=SPEED)
    hook = f"http://{ADDRESS}:{app.settings.port}/webhooks/alertmanager"
    at = _port(app.settings.prometheus_url), _port(app.settings.alertmanager_urls)
    async with served(simulation) as port, stack(app.settings.data_dir / "simulation", simulation, port, hook, speed=SPEED, at=at) as where:
        switch = f"http://{ADDRESS}:{port}/prod/faults"
        _say(
            app,
            f"Alexandrite is simulated, {SPEED:g} times faster than life; Prometheus and Alertmanager are real:\n"
            f"  {where.prometheus}/alerts\n  {where.alertmanager}\n  {switch} (faults; `curl -X PUT {switch}/slow-queries` breaks more, -X DELETE mends it)",
        )
        await app.clock.sleep(CALM)
        simulation.plants["prod"].faults.add(FAULT)
        _say(app, f"Something breaks: {EFFECTS[FAULT].what}. Prometheus will notice within half a minute")
        await app.clock.sleep(NOTICED)
        async with httpx.AsyncClient(trust_env=False) as http:
            await demo_notice.publish(app, http, PATIENCE)
        await app.clock.sleep(OUTAGE)
        simulation.plants["prod"].faults.discard(FAULT)
        _say(app, "Somebody mended it; the alerts end as the last minutes leave their windows")
        await app.clock.sleep(AFTER)
        async with httpx.AsyncClient(trust_env=False) as http:
            await demo_notice.end(app, http)
        _say(app, "The outage is over" if is_once else "The outage is over. The simulation goes on until Ctrl-C")
        if not is_once:
            await asyncio.Event().wait()


def _port(url: SecretStr | None) -> int:
    return (urlsplit(url.get_secret_value()).port if url else None) or 0


def _say(app: App, text: str) -> None:
    sys.stdout.write(f"{app.clock.now():%H:%M:%S}  {text}\n")
    sys.stdout.flush()
