"""`receiver demo`: no account anywhere. An outage of a simulated Alexandrite, by a real Prometheus and Alertmanager when they are installed.

Without them, and with `--fast`, scripted webhooks of the same outage go to the service over HTTP.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvloop

from receiver.app.build import App
from receiver.app.run import serve
from receiver.cli import demo_notice, outage
from receiver.cli.serve import prepare
from receiver.settings import Settings

ZERO = "0001-01-01T00:00:00Z"
SCRIPT: tuple[tuple[float, str, dict[str, str], dict[str, str]], ...] = (
    (
        0,
        "firing",
        {
            "alertname": "ShopDbPoolExhausted",
            "service": "shop-db",
            "instance": "shop-db-1",
            "severity": "warning",
            "environment": "prod",
            "signal": "saturation",
        },
        {"summary": "100 of 100 connections in use", "summary_ru": "занято 100 из 100 соединений", "value": "100", "threshold": "90", "unit": "connections"},
    ),
    (
        8,
        "firing",
        {
            "alertname": "ShopApiErrorRateHigh",
            "service": "shop-api",
            "instance": "shop-api-2",
            "severity": "critical",
            "environment": "prod",
            "signal": "errors",
        },
        {"summary": "7.8 % of responses are HTTP 500 (norm ≤ 1 %)", "summary_ru": "7,8 % ответов с ошибкой 500 (норма до 1 %)"},
    ),
    (
        6,
        "firing",
        {
            "alertname": "ShopApiErrorRateHigh",
            "service": "shop-api",
            "instance": "shop-api-3",
            "severity": "critical",
            "environment": "prod",
            "signal": "errors",
        },
        {"summary": "5.1 % of responses are HTTP 500 (norm ≤ 1 %)", "summary_ru": "5,1 % ответов с ошибкой 500 (норма до 1 %)"},
    ),
    (45, "resolved", {"service": "shop-db"}, {}),
    (10, "resolved", {"service": "shop-api"}, {}),
)


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The demo's own settings: a data directory of its own and no Telegram, whatever the environment says."""
    own = {k: v for k, v in environ.items() if k in ("RECEIVER_PORT", "RECEIVER_LANGUAGE", "RECEIVER_TIMEZONE", "RECEIVER_DATA_DIR", "RECEIVER_LOG_LEVEL")}
    own.setdefault("RECEIVER_DATA_DIR", str(Path(tempfile.gettempdir()) / f"incident-receiver-demo-{os.getuid()}"))
    own.setdefault("RECEIVER_LOG_LEVEL", "ERROR")  # what still starts is not reached for a moment, and that is nobody's business here
    return {**own, "HOME": environ.get("HOME", "/"), "RECEIVER_TELEGRAM_MODE": "off"}


def run(settings: Settings, *, is_fast: bool, is_once: bool) -> int:
    """Serve and play; until Ctrl-C unless `is_once`."""
    prepare(settings)
    settings = demo_notice.with_short_hold(settings, timedelta(seconds=1 if is_fast else 10), timedelta(seconds=1 if is_fast else 20))
    is_measured = outage.is_installed() and not is_fast
    settings = outage.with_evidence(settings) if is_measured else settings

    async def play(app: App) -> None:
        if is_measured:
            await outage.play(app, is_once=is_once)
        else:
            await _play(app, is_fast=is_fast)
        if is_once:
            os.kill(os.getpid(), 15)

    try:
        uvloop.run(serve(settings, _greet, (play,)))
    except OSError as fault:
        sys.stderr.write(f"can't serve on port {settings.port}: {fault}\nset RECEIVER_PORT to a free one\n")
        return 1
    return 0


async def _greet(app: App) -> None:
    where = f"http://127.0.0.1:{app.settings.port}"
    sys.stdout.write(
        f"Open this page to see what people in the chats see, and press the buttons:\n  {where}/chat/login?token={app.login.new()}\n"
        f"Your own alerts: POST them to {where}/webhooks/alertmanager\nCtrl-C ends the demo.\n"
    )
    sys.stdout.flush()


async def _play(app: App, *, is_fast: bool) -> None:
    alerts: list[dict[str, Any]] = []
    url = f"http://127.0.0.1:{app.settings.port}/webhooks/alertmanager"
    async with httpx.AsyncClient(trust_env=False) as http:
        for pause, status, labels, annotations in SCRIPT:
            if status == "resolved" and labels["service"] == "shop-db":
                await demo_notice.publish(app, http, 0.5 if is_fast else 25)
            await asyncio.sleep(min(pause, 0.5) if is_fast else pause)
            now = app.clock.now()
            if status == "firing":
                alerts.append(_firing(labels, annotations, now - timedelta(minutes=2)))
            else:
                _resolve(alerts, labels["service"], now)
            answer = await http.post(url, json=_webhook(alerts))
            name = labels.get("alertname", f"all alerts of {labels['service']}")
            sys.stdout.write(f"{now:%H:%M:%S}  Alertmanager says {status}: {name}  → {answer.status_code}\n")
            sys.stdout.flush()
        await demo_notice.end(app, http)
        sys.stdout.write("The outage is over.\n")
        sys.stdout.flush()


def _firing(labels: dict[str, str], annotations: dict[str, str], since: datetime) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": labels,
        "annotations": annotations,
        "startsAt": since.isoformat(),
        "endsAt": ZERO,
        "generatorURL": "",
        "fingerprint": "",
    }


def _resolve(alerts: list[dict[str, Any]], service: str, now: datetime) -> None:
    for alert in alerts:
        if alert["labels"]["service"] == service and alert["status"] == "firing":
            alert.update(status="resolved", endsAt=now.isoformat())


def _webhook(alerts: list[dict[str, Any]]) -> dict[str, Any]:
    status = "firing" if any(a["status"] == "firing" for a in alerts) else "resolved"
    return {
        "version": "4",
        "groupKey": '{}:{environment="prod"}',
        "receiver": "incident-receiver",
        "status": status,
        "alerts": alerts,
        "groupLabels": {"environment": "prod"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "",
        "truncatedAlerts": 0,
    }
