"""Any JSON by a mapping: what the paths find, what happens where they find nothing."""

import json
from dataclasses import replace

import pytest

from receiver.core.bodypath import place, read_path
from receiver.core.source import BodyMapping
from receiver.sources import generic
from receiver.sources.alertmanager import UndecodableError
from tests.builders import NOW

MAPPING = BodyMapping(
    alerts=read_path("$.events[*]"),
    status=read_path("$.state"),
    firing=frozenset({"open", "true"}),
    resolved=frozenset({"closed"}),
    labels={"alertname": read_path("$.check"), "service": read_path("$.app.name"), "zone": read_path("$['place of it'][1]")},
    annotations={"summary": read_path("$.text")},
    starts_at=read_path("$.since"),
    ends_at=read_path("$.until"),
)


def read(*events: object, mapping: BodyMapping = MAPPING):
    return generic.read(json.dumps({"events": list(events)}).encode(), mapping, NOW)


def test_every_event_is_an_alert():
    one = {"state": "OPEN", "check": "Disk", "app": {"name": "shop-db"}, "place of it": ["x", "eu"], "text": "full", "since": "2026-11-23T03:00:00Z"}
    two = {"state": "closed", "check": "Cpu", "since": 1_795_402_800, "until": 1_795_402_860_000}
    webhook = read(one, two)
    assert [a.labels for a in webhook.alerts] == [{"alertname": "Disk", "service": "shop-db", "zone": "eu"}, {"alertname": "Cpu"}]
    assert [(a.status, a.startsAt) for a in webhook.alerts] == [("firing", "2026-11-23T03:00:00Z"), ("resolved", "2026-11-23T03:00:00+00:00")]
    assert webhook.alerts[1].endsAt == "2026-11-23T03:01:00+00:00"
    assert webhook.alerts[0].annotations == {"summary": "full"}


def test_numbers_and_booleans_are_words_too():
    assert read({"state": True, "check": 7}).alerts[0].status == "firing"
    assert read({"state": True, "check": 7}).alerts[0].labels == {"alertname": "7"}


def test_an_alert_without_a_start_fires_from_when_it_came():
    assert read({"state": "open", "check": "Disk"}).alerts[0].startsAt == NOW.isoformat()
    assert read({"state": "open", "check": "Disk", "since": "1"}, mapping=replace(MAPPING, starts_at=None)).alerts[0].startsAt == NOW.isoformat()


def test_what_is_neither_firing_nor_resolved_is_bad_and_counts_as_firing():
    webhook = read({"state": "perhaps", "check": "Disk"}, {"check": "Disk"}, {"state": "closed"}, {"state": "open", "check": "Disk", "since": "NaN"}, 7)
    assert [(b.index, b.is_firing) for b in webhook.bad] == [(0, True), (1, True), (2, False), (4, True)]
    assert "perhaps" in webhook.bad[0].reason
    assert len(webhook.alerts) == 1  # its start is looked at when it is admitted


def test_a_body_in_which_the_path_finds_nothing_is_refused():
    for content in (b"[]", b"{}", b'{"events":[]}', b'{"events":7}', b"x"):
        with pytest.raises(UndecodableError):
            generic.read(content, MAPPING, NOW)


@pytest.mark.parametrize("text", ["$", "$.a", "$.a[*].b", "$['a b'][3]", "$[*]"])
def test_what_is_placed_by_a_path_is_found_by_it(text: str):
    path = read_path(text)
    assert path.select(place(path, "here")) == ["here"]


@pytest.mark.parametrize("text", ["", "a", "$a", "$..a", "$[-1]", "$.a[?(@.b)]", "$.", "$['']"])
def test_anything_else_is_no_path(text: str):
    with pytest.raises(ValueError, match=r"path|begin"):
        read_path(text)
