"""Builds what asks Prometheus: the numbers behind an incident, and its picture. Called by `app.run`; nothing of it runs without a Prometheus."""

from typing import Any

from receiver.app.build import App
from receiver.app.channels import paces_of
from receiver.workers.easel import Easel
from receiver.workers.illustrator import Illustrator
from receiver.workers.observer import Observer
from receiver.workers.painter import Painter


def evidence_workers(app: App) -> list[Any]:
    """Their loops, ready to be run."""
    if app.prometheus is None:
        return []
    painter = Painter(
        app.outbox, app.incidents, app.channels, app.templates, app.rules, app.clock, app.nudge, app.prometheus, Easel(app.settings.data_dir / "drawing"),
        language=app.settings.language, timezone=app.settings.timezone, paces=paces_of(app.channels),
    )  # fmt: skip
    observer = Observer(app.prometheus, app.engine, app.incidents, app.rules, app.clock)
    return [observer.run(), Illustrator(app.engine, app.incidents, app.clock).run(), painter.run()]
