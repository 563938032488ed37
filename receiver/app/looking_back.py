"""Builds what looks back at the work with incidents: statistics, post-mortems, the weekly digest, what is collected. Called by `app.http` and `app.run`."""

from typing import Any

from receiver.app.build import App
from receiver.app.channels import paces_of
from receiver.chat.collector import Collector
from receiver.chat.post import Post
from receiver.chat.weekly import Weekly
from receiver.store.history import History
from receiver.store.once import Once
from receiver.web.postmortem import postmortem_route
from receiver.web.statistics import statistics_route


def looking_back_routes(app: App) -> list[Any]:
    """Handlers under `/api/v1`."""
    language, timezone = app.settings.language, app.settings.timezone
    exported = postmortem_route(app.incidents, app.outbox, app.notices.desk, lambda: app.rules.current, app.clock, language, timezone)
    return [statistics_route(_history(app), app.notices.desk, app.clock, timezone), exported]


def weekly(app: App) -> Weekly:
    """The worker that tells the week."""
    post = Post(app.channels, Once(app.client), app.outbox, paces_of(app.channels), app.clock)
    return Weekly(app.rules, _history(app), post, app.clock, language=app.settings.language, timezone=app.settings.timezone)


def collector(app: App) -> Collector:
    """The worker that tells what routes collect."""
    post = Post(app.channels, Once(app.client), app.outbox, paces_of(app.channels), app.clock)
    settings = app.settings
    return Collector(app.rules, _history(app), app.incidents, post, app.templates, app.clock, language=settings.language, timezone=settings.timezone)


def _history(app: App) -> History:
    return History(app.client, app.partitions, app.incidents)
