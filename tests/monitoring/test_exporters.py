"""The names that the rules read are those of real exporters, and the simulation shows every one of them as an exporter does."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from receiver.simulation.plant import SERVICES, ZONE, Plant, demand
from tests.harness import ROOT
from tests.monitoring.pack import PACK, read, rules

EXPORTERS = read(Path(__file__).parent / "exporters.yaml")
KNOWN = {name: exporter for exporter, found in EXPORTERS.items() for name in found["series"]}
OWN = ("incident-receiver", "watchdog")
NOON = datetime(2026, 11, 23, 12, tzinfo=ZONE)
WORD = re.compile(r"(?<![\w:.])[a-z][a-zA-Z]*_\w+(?![\w:]|\s*\()")  # a name with an underscore that is no recorded series and no function
COUNTER = re.compile(r"_total$|_bucket$|_count$|_sum$|^pg_stat_database_")


def words(expression: str) -> set[str]:
    """Names of series; what stands between quotes, in `by (...)` and before a comparison of labels is none."""
    bare = re.sub(r'"[^"]*"|\b(?:by|on|group_left|without)\s*\([^)]*\)', "", expression)
    return set(WORD.findall(re.sub(r"\w+\s*(?:=~|!~|!=|=(?!=))", "", bare)))


def shown(hours: float = 1.0) -> dict[str, list[tuple[str, dict[str, str], float, str]]]:
    """What every target of a healthy Alexandrite shows after so many hours: path, labels, value and type by name."""
    plant, found = Plant(), {}
    for minute in range(int(hours * 60)):
        plant.tick(NOON + timedelta(minutes=minute), timedelta(minutes=1))
    for path, page in plant.pages.items():
        for family in text_string_to_metric_families(page.text().decode()):
            for sample in family.samples:
                found.setdefault(sample.name, []).append((path, dict(sample.labels), sample.value, family.type))
    return found


SHOWN = shown()


def test_every_series_a_rule_reads_is_one_of_a_known_exporter_and_none_is_listed_in_vain():
    used = {word for name, rule in rules() if name not in OWN for word in words(rule["expr"])}
    assert used == set(KNOWN)


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_an_exporters_names_are_documented(exporter):
    source = EXPORTERS[exporter]["source"]
    assert "https://" in source or (ROOT / source).is_file()
    if (ROOT / source).is_file():
        text = (ROOT / source).read_text("utf-8")
        assert [name for name in EXPORTERS[exporter]["series"] if f"`{name}`" not in text] == []


@pytest.mark.parametrize("name", KNOWN)
def test_the_simulation_shows_a_series_with_no_label_but_its_exporters(name):
    labels = {label for _, found, _, _ in SHOWN[name] for label in found}
    assert labels <= set(EXPORTERS[KNOWN[name]]["labels"])


def test_what_grows_is_told_from_what_stands_and_a_histogram_is_whole():
    kinds = {name: {kind for *_, kind in found} for name, found in SHOWN.items()}
    assert {name for name, kind in kinds.items() if kind == {"histogram"}} == {
        f"http_server_request_duration_seconds_{end}" for end in ("bucket", "count", "sum")
    }
    assert {name for name, kind in kinds.items() if kind == {"counter"}} == {name for name in SHOWN if name.endswith("_total")}
    assert {name for name, kind in kinds.items() if kind == {"gauge"}} == {
        name for name in SHOWN if not COUNTER.search(name) or name == "pg_stat_activity_count"
    }
    for path, labels, value, _ in SHOWN["http_server_request_duration_seconds_count"]:
        infinite = [v for p, found, v, _ in SHOWN["http_server_request_duration_seconds_bucket"] if p == path and found == {**labels, "le": "+Inf"}]
        assert infinite == [value]


def test_the_load_follows_the_day_of_the_people_who_shop():
    by_hour = [demand(NOON.replace(hour=hour)) for hour in range(24)]
    assert (by_hour.index(min(by_hour)), by_hour.index(max(by_hour))) == (4, 16)
    assert (min(by_hour), max(by_hour)) == (0.25, 1.0)
    assert all(abs(one - other) < 0.12 for one, other in zip(by_hour, [*by_hour[1:], by_hour[0]], strict=True)), "no hour jumps"


def test_an_hour_of_the_night_brings_a_quarter_of_the_requests_of_the_afternoon():
    def requests(hour: int) -> float:
        plant = Plant()
        plant.tick(NOON.replace(hour=hour), timedelta(hours=1))
        page = plant.page("services/shop-api/1").text().decode()
        return sum(s.value for f in text_string_to_metric_families(page) for s in f.samples if s.name.endswith("_seconds_count"))

    assert requests(16) == pytest.approx(SERVICES["shop-api"][0] / 2 * 3600)
    assert requests(4) == pytest.approx(requests(16) / 4)


def test_the_targets_of_the_pack_are_those_of_the_exporters():
    jobs = {job["job_name"]: job for job in read(PACK / "prometheus" / "prometheus.yml")["scrape_configs"]}
    assert {path.split("/")[0] for found in SHOWN.values() for path, *_ in found} == set(jobs) - {"incident-receiver", "alertmanager"}
    assert jobs["rabbitmq"]["metrics_path"] == "/metrics/per-object", "without it no queue has its own series"
