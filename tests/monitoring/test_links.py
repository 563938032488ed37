"""Every link of the catalogue leads where it says: an address that parses, a dashboard that is shipped with variables it has, a Discover and
a Jaeger search for that service and time, whatever the names hold.

Formats: https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/create-dashboard-url-variables/ (`var-NAME`,
`from`, `to` in ms), rison (https://github.com/Nanonid/rison) behind Kibana's `_g` and `_a`, Jaeger's search form (`service`, `start`, `end` in
µs, `tags` as JSON, https://github.com/jaegertracing/jaeger-ui). None of the three was opened: they can't be run here.
"""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml

from receiver.channels.links import LINKS, links_about
from receiver.rules.load import load_rules
from tests.builders import NOW, alert
from tests.harness import ROOT
from tests.monitoring.pack import alerts
from tests.monitoring.test_grafana import BOARDS

BOOK = load_rules(ROOT / "routing_rules")
CATALOGUE = yaml.safe_load((ROOT / "routing_rules/services.yaml").read_text("utf-8"))["services"]
END = NOW + timedelta(minutes=20)
FROM, TO = NOW - timedelta(minutes=15), END + timedelta(minutes=5)
HOSTILE = "x' or !\"y\\z &/?#%20 Ж {{ alertname }}"


def links(service: str, **changed) -> dict[str, str]:
    """By what it is, as a message about this service holds them."""
    lead = alert("a", service=service, environment=changed.pop("environment", "prod"), alertname=changed.pop("alertname", "ShopApiDown"))
    lead = replace(lead, annotations=changed)
    names = dict(zip(("Dashboard", "Logs", "Traces", "Runbook"), LINKS, strict=True))
    return {names[one["name"]]: one["url"] for one in links_about(lead, BOOK.links_of(service), "en", NOW, END)}


def rison(text: str):
    """As much of rison as such links hold: objects, quoted strings and bare words."""

    def value(at: int):
        if text[at] == "(":
            found, at = {}, at + 1
            while text[at] != ")":
                name, at = value(at + (text[at] == ","))
                assert text[at] == ":", text[at:]
                found[name], at = value(at + 1)
            return found, at + 1
        if text[at] == "'":
            said, at = "", at + 1
            while text[at] != "'":
                at += text[at] == "!"
                said, at = said + text[at], at + 1
            return said, at + 1
        word = re.compile(r"[^ '!:(),*@$]+").match(text, at)
        assert word, text[at:]
        return word[0], word.end()

    found, end = value(0)
    assert end == len(text), text[end:]
    return found


def discover(url: str) -> tuple[dict, dict]:
    base, _, state = url.partition("#/?")
    assert urlsplit(base).path == "/app/discover"
    parts = dict(part.split("=", 1) for part in state.split("&"))
    return rison(unquote(parts["_g"])), rison(unquote(parts["_a"]))


def milliseconds(instant: datetime) -> str:
    return str(int(instant.timestamp() * 1000))


@pytest.mark.parametrize("service", BOOK.services)
def test_the_dashboard_of_a_system_is_that_of_its_method_and_offers_it(service):
    parts = urlsplit(links(service)["dashboard"])
    uid = parts.path.removeprefix("/d/")
    methods = CATALOGUE[service].get("method", [])
    assert uid in BOARDS
    assert not methods or uid in methods
    asked = {name: value for name, (value,) in parse_qs(parts.query, strict_parsing=True).items()}
    known = {v["name"]: v for v in BOARDS[uid]["templating"]["list"]}
    assert asked == {"var-service": service, "var-environment": "prod", "from": milliseconds(FROM), "to": milliseconds(TO)}
    assert {name.removeprefix("var-") for name in asked if name.startswith("var-")} <= set(known)
    assert service in [option["value"] for option in known["service"]["options"]]


@pytest.mark.parametrize("service", [*sorted({*BOOK.services} - {"alexandrite"}), HOSTILE, "nobody-knows"])
def test_logs_and_traces_are_those_of_the_service_at_that_time(service):
    found = links(service, alertname=HOSTILE)
    time, query = discover(found["logs"])
    assert time == {"time": {"from": f"{FROM:%Y-%m-%dT%H:%M:%SZ}", "to": f"{TO:%Y-%m-%dT%H:%M:%SZ}"}}
    assert query["query"]["language"] == "kuery"
    quoted = re.fullmatch(r'service\.name:"((?:[^"\\]|\\.)*)"', query["query"]["query"])
    assert quoted, query
    assert re.sub(r"\\(.)", r"\1", quoted[1]) == service
    parts = urlsplit(found["traces"])
    asked = {name: value for name, (value,) in parse_qs(parts.query, strict_parsing=True).items()}
    assert (parts.path, asked["service"], json.loads(asked["tags"])) == ("/search", service, {"error": "true"})
    span = [datetime.fromtimestamp(int(asked[name]) / 1e6, UTC) for name in ("start", "end")]
    assert span == [FROM, TO]
    runbook = urlsplit(found["runbook"])
    assert (unquote(runbook.path), runbook.query, runbook.fragment) == (f"/runbooks/{HOSTILE}", "", "")


def test_logs_of_what_all_systems_share_are_those_of_all_and_traces_those_that_begin_at_the_front():
    found = links("alexandrite")
    time, query = discover(found["logs"])
    assert set(time["time"]) == {"from", "to"}
    assert query["query"] == {"language": "kuery", "query": "service.name:*"}
    asked = parse_qs(urlsplit(found["traces"]).query, strict_parsing=True)
    assert (asked["service"], set(asked)) == (["internet-shop"], {"service", "start", "end", "tags"})


def test_the_trace_an_alert_names_is_opened_itself():
    assert links("shop-api", trace_id="4bf92f3577b34da6a3ce929d0e0e4736")["traces"] == "https://jaeger.example/trace/4bf92f3577b34da6a3ce929d0e0e4736"


def test_an_alert_without_an_environment_leaves_the_choice_to_the_dashboard():
    assert "environment" not in links("shop-api", environment="")["dashboard"]


def test_the_links_of_the_shipped_alerts_say_the_same_as_the_catalogue():
    """An alert's own dashboard goes before its system's: both must be the same board for the same system and environment."""
    for rule in alerts():
        service, text = rule["labels"]["service"], rule["annotations"]["dashboard_url"]
        filled = re.sub(r'\{\{ "(\{\{ \w+ \}\})" \}\}', r"\1", text)
        own, others = links(service, dashboard_url=filled)["dashboard"], links(service)["dashboard"]
        assert own.split("?")[1] == others.split("?")[1], rule["alert"]
        assert urlsplit(own).path.removeprefix("/d/") in BOARDS


def test_what_the_service_says_of_itself_has_a_system_of_the_catalogue():
    assert {rule["labels"]["service"] for rule in alerts()} <= set(BOOK.services)
