"""Alertmanager's side of the pack, by its own tool."""

import re
import subprocess

import pytest

from tests.monitoring.pack import PACK, alerts, cases, read

CONFIG = PACK / "alertmanager" / "alertmanager.yml"


def amtool(*words: str) -> str:
    done = subprocess.run(["amtool", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def seconds(text: str) -> int:
    amount, unit = re.fullmatch(r"(\d+)([smh])", text).groups()
    return int(amount) * {"s": 1, "m": 60, "h": 3600}[unit]


def test_amtool_accepts_it():
    assert "SUCCESS" in amtool("check-config", str(CONFIG))


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({"alertname": "ShopApiErrorRateHigh", "service": "shop-api", "severity": "critical"}, "incidents"),
        ({"alertname": "Watchdog", "severity": "none"}, "incidents"),
        ({"alertname": "IncidentReceiverDown", "service": "incident-receiver", "severity": "critical"}, "round-the-receiver,incidents"),
        ({"alertname": "AlertmanagerNotDelivering", "severity": "critical"}, "round-the-receiver,incidents"),
    ],
    ids=lambda v: v if isinstance(v, str) else v["alertname"],
)
def test_alerts_go_to_the_receiver_and_its_own_failure_round_it(labels, receivers):
    words = [f"{name}={value}" for name, value in labels.items()]
    assert amtool("config", "routes", "test", f"--config.file={CONFIG}", *words).strip() == receivers


def test_every_replica_is_a_webhook_of_its_own_that_tells_ends_and_is_never_cut():
    (incidents,) = [r for r in read(CONFIG)["receivers"] if r["name"] == "incidents"]
    hooks = incidents["webhook_configs"]
    assert len({hook["url"] for hook in hooks}) == len(hooks) >= 2
    for hook in hooks:
        assert hook["send_resolved"] is True
        assert hook["max_alerts"] == 0
        assert hook["http_config"]["authorization"]["credentials_file"]


def test_timings_are_those_that_suit_a_receiver_which_does_its_own_quieting():
    root = read(CONFIG)["route"]
    assert 10 <= seconds(root["group_wait"]) <= 30
    assert 30 <= seconds(root["group_interval"]) <= 60
    assert 900 <= seconds(root["repeat_interval"]) <= 3600
    (watchdog,) = [route for route in root["routes"] if "Watchdog" in str(route.get("matchers"))]
    assert seconds(watchdog["repeat_interval"]) <= 60
    assert seconds(watchdog["group_interval"]) <= 60


def test_nothing_is_inhibited_across_services_and_the_watchdog_never():
    rules = read(CONFIG)["inhibit_rules"]
    assert rules
    for rule in rules:
        assert {"service", "environment"} <= set(rule["equal"])
        assert "alertname" in rule["equal"] or "alertname!~" in rule["target_matchers"][0]
    assert "Watchdog" in rules[1]["target_matchers"][0]


def test_a_critical_alert_hides_no_warning_of_another_instance_or_queue():
    """What tells two series of one alert apart has to be equal, for each alert that has both severities."""
    severities = {(rule["alert"], rule["labels"]["severity"]) for rule in alerts()}
    both = {name for name, severity in severities if severity == "critical" and (name, "warning") in severities}
    told_apart = {label for _, case in cases() if case["alertname"] in both for found in case["exp_alerts"] for label in found["exp_labels"]}
    (equal,) = [set(rule["equal"]) for rule in read(CONFIG)["inhibit_rules"] if "alertname" in rule["equal"]]
    assert {"instance", "queue"} <= told_apart
    assert told_apart - {"severity", "signal", "resource"} == equal - {"alertname"}
