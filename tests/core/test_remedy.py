"""What helps each kind of system, and what does not: the whole table, and every saturation alert of the shipped rules with its row."""

import pytest

from receiver.core.remedy import BY_KIND, Futile, Remedy, find_futile, find_remedy
from receiver.rules.load import load_rules
from tests.harness import ROOT
from tests.monitoring.pack import alerts

TABLE = {
    ("frontend", "cpu"): ("horizontal", ""),
    ("frontend", "memory"): ("horizontal", ""),
    ("frontend", "threads"): ("horizontal", ""),
    ("frontend", "sessions"): ("horizontal", ""),
    ("frontend", "io"): ("faster-disk", "bigger-disk"),
    ("frontend", "disk"): ("grow", "cleaning"),
    ("frontend", "pool"): ("find-slow-query-first", "bigger-pool"),
    ("frontend", "errors"): ("find-cause-first", "scaling"),
    ("frontend", "error-budget"): ("find-cause-first", "scaling"),
    ("service", "cpu"): ("horizontal", ""),
    ("service", "memory"): ("horizontal", ""),
    ("service", "threads"): ("horizontal", ""),
    ("service", "sessions"): ("horizontal", ""),
    ("service", "io"): ("faster-disk", "bigger-disk"),
    ("service", "disk"): ("grow", "cleaning"),
    ("service", "pool"): ("find-slow-query-first", "bigger-pool"),
    ("service", "errors"): ("find-cause-first", "scaling"),
    ("service", "error-budget"): ("find-cause-first", "scaling"),
    ("database", "cpu"): ("vertical", "more-instances"),
    ("database", "memory"): ("vertical", "more-instances"),
    ("database", "io"): ("faster-disk", "bigger-disk"),
    ("database", "disk"): ("grow", "cleaning"),
    ("database", "pool"): ("find-slow-query-first", "bigger-pool"),
    ("database", "errors"): ("find-cause-first", "scaling"),
    ("database", "error-budget"): ("find-cause-first", "scaling"),
    ("queue", "depth"): ("consumers", "more-memory"),
    ("queue", "cpu"): ("vertical", "more-instances"),
    ("queue", "memory"): ("vertical", "more-instances"),
    ("queue", "io"): ("faster-disk", "bigger-disk"),
    ("queue", "disk"): ("grow", "cleaning"),
    ("queue", "connections"): ("find-leak-first", "higher-limit"),
    ("queue", "channels"): ("find-leak-first", "higher-limit"),
    ("queue", "errors"): ("find-cause-first", "scaling"),
    ("queue", "error-budget"): ("find-cause-first", "scaling"),
    ("host", "cpu"): ("vertical", "more-instances"),
    ("host", "memory"): ("vertical", "more-instances"),
    ("host", "io"): ("faster-disk", "bigger-disk"),
    ("host", "disk"): ("grow", "cleaning"),
}


@pytest.mark.parametrize(("kind", "resource"), TABLE)
def test_a_full_resource_of_a_kind_of_system_has_its_remedy_and_what_will_not_help(kind, resource):
    remedy = find_remedy(kind, resource, {})
    assert (remedy.value, find_futile(remedy, resource).value) == TABLE[kind, resource]


def test_the_table_of_this_test_is_the_whole_table():
    assert {(kind, resource) for kind, held in BY_KIND.items() for resource in held} == set(TABLE)


@pytest.mark.parametrize(("kind", "resource", "said", "remedy"), [
    ("service", "cpu", {"cpu": "vertical"}, Remedy.VERTICAL),
    ("external", "cpu", {}, Remedy.UNKNOWN),
    ("service", "ink", {}, Remedy.UNKNOWN),
])  # fmt: skip
def test_the_catalogues_word_wins_and_what_nobody_knows_gets_no_advice(kind, resource, said, remedy):
    assert find_remedy(kind, resource, said) is remedy


def test_room_for_anything_but_a_disk_has_nothing_known_to_be_futile():
    assert find_futile(Remedy.GROW, "pool") is Futile.NOTHING_KNOWN


def asked() -> list[tuple[str, str]]:
    """System and resource of every shipped alert that is weighed."""
    return sorted({(one["labels"]["service"], one["labels"]["resource"]) for one in alerts() if "resource" in one["labels"]})


@pytest.mark.parametrize(("service", "resource"), [pair for pair in asked() if pair[0] != "incident-receiver"])
def test_every_saturation_alert_of_the_shipped_rules_has_advice(service, resource):
    found = load_rules(ROOT / "routing_rules").services[service]
    assert find_remedy(found.kind, resource, found.remedies) is not Remedy.UNKNOWN


def test_every_saturation_alert_says_what_is_full():
    assert [one["alert"] for one in alerts() if one["labels"]["signal"] == "saturation" and "resource" not in one["labels"]] == []
    assert {resource for _, resource in asked()} >= {"depth", "cpu", "memory", "io", "errors", "pool", "disk"}
