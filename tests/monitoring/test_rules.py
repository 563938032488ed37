"""Prometheus's side of the pack: valid, every alert seen to fire and seen to be quiet, every alert says all that a message needs."""

import os
import re
import subprocess

import pytest

from receiver.rules.load import load_rules
from tests.harness import ROOT
from tests.monitoring.pack import PACK, RULE_TESTS, RULES, alerts, cases, read, rules

ANNOTATIONS = {"summary", "summary_ru", "description", "description_ru", "value", "threshold", "unit", "runbook_url", "dashboard_url"}
OWN = "incident-receiver"


def promtool(*words: str) -> str:
    done = subprocess.run(
        ["promtool", *words], capture_output=True, text=True, check=False, env={**os.environ, "GOGC": "off"}
    )  # a second is not worth collecting
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_promtool_accepts_rules_and_configuration():
    assert "FAILED" not in promtool("check", "rules", "--lint-fatal", *map(str, sorted(RULES.glob("*.yml"))))
    promtool("check", "config", str(PACK / "prometheus" / "prometheus.yml"))


@pytest.mark.parametrize("path", sorted(RULE_TESTS.glob("*.yml")), ids=lambda p: p.stem)
def test_promtool_sees_the_alerts_fire_and_be_quiet(path):
    assert "SUCCESS" in promtool("test", "rules", str(path))


def test_every_alert_is_tried_firing_and_quiet():
    fired = {(case["alertname"], found["exp_labels"]["severity"]) for _, case in cases() for found in case["exp_alerts"]}
    quiet = {case["alertname"] for _, case in cases() if not case["exp_alerts"]}
    assert {(rule["alert"], rule["labels"]["severity"]) for rule in alerts()} == fired
    assert {rule["alert"] for rule in alerts()} == quiet


def test_every_alert_names_service_signal_and_severity():
    catalogue = {*load_rules(ROOT / "routing_rules").services, OWN}
    for rule in alerts():
        labels = rule["labels"]
        assert set(labels) - {"resource"} == {"service", "severity", "signal"}, rule["alert"]
        assert labels["service"] in catalogue
        assert labels["severity"] in ("critical", "warning", "info")
        assert labels["signal"] in ("errors", "latency", "traffic", "saturation")
        counts_errors = labels.get("resource") in ("errors", "error-budget")
        assert "resource" not in labels or labels["signal"] == ("errors" if counts_errors else "saturation"), rule["alert"]


def test_every_alert_says_all_that_a_message_needs_in_both_languages():
    for rule in alerts():
        notes = rule["annotations"]
        assert set(notes) == ANNOTATIONS, rule["alert"]
        assert all(str(text).strip() for name, text in notes.items() if name != "unit"), rule["alert"]
        for name in ("summary", "description"):
            assert re.search("[а-я]", notes[f"{name}_ru"]), rule["alert"]
            assert not re.search("[а-яА-Я]", notes[name]), rule["alert"]
        assert notes["runbook_url"].endswith(rule["alert"])
        assert f"var-service={rule['labels']['service']}&" in notes["dashboard_url"]
        assert not {"!", "?"} & set(notes["summary"] + notes["summary_ru"]), "no shouting"


def test_russian_texts_write_numbers_as_russian_does():
    for name, case in cases():
        for found in case["exp_alerts"]:
            for key in ("summary_ru", "description_ru"):
                assert not re.search(r"\d[.]\d", found["exp_annotations"][key]), f"{name}: {found['exp_annotations'][key]}"


def test_every_alert_waits_a_little_and_none_waits_for_ever():
    for rule in alerts():
        amount, unit = re.fullmatch(r"(\d+)([smh])", rule["for"]).groups()
        minutes = int(amount) * {"s": 1 / 60, "m": 1, "h": 60}[unit]
        least = 0.5 if rule["alert"] == "AlexandriteDown" else 1  # five systems at once are not one late answer
        assert least <= minutes <= {"critical": 15, "warning": 60, "info": 30}[rule["labels"]["severity"]], rule["alert"]


def test_what_all_systems_share_is_known_before_each_of_them_is_told():
    """Even with the alert on one system found at the first look and the one on all at the last, so that it is one page."""
    evaluation = read(PACK / "prometheus" / "prometheus.yml")["global"]["evaluation_interval"]
    (group,) = read(RULES / "alexandrite.yml")["groups"]
    (shared,) = [rule for rule in alerts() if rule["alert"] == "AlexandriteDown"]
    others = [rule["for"] for rule in alerts() if rule["alert"].endswith("Down") and rule is not shared]
    assert (set(others), shared["for"], group["interval"], evaluation) == ({"1m"}, "30s", "15s", "30s")
    assert [rule.get("record") for rule in group["rules"]][-1] is None, "in one group, one after the other: what is recorded is not a turn old"
    recorded = group["rules"][0]["expr"]
    scraped = {job for rule in alerts() if rule["alert"].endswith("Down") for job in re.findall(r'job="([a-z]+)"', rule["expr"])}
    assert set(re.findall(r"services|rabbitmq|postgres", recorded)) == scraped & {"services", "rabbitmq", "postgres"}


def test_a_norm_of_errors_has_burn_rates_over_several_windows():
    burning = [rule for rule in alerts() if rule["alert"].endswith("ErrorBudgetBurn")]
    assert {rule["labels"]["service"] for rule in burning} == {"internet-shop", "mes", "shop-api", "crm-api", "mes-api"}
    for rule in burning:
        windows = set(re.findall(r"ratio_rate(\w+?)\{", rule["expr"]))
        assert windows == ({"5m", "30m", "1h", "6h"} if rule["labels"]["severity"] == "critical" else {"6h", "3d"})


def test_what_fills_up_is_foreseen():
    assert {rule["labels"]["service"] for rule in alerts() if "predict_linear" in rule["expr"]} == {
        "shop-api", "crm-api", "mes-api", "shop-db", "mes-db", "message-queue",
    }  # fmt: skip


@pytest.mark.parametrize("family", [("shop-api", "crm-api", "mes-api"), ("shop-db", "mes-db"), ("internet-shop", "mes")], ids="-".join)
def test_systems_of_one_kind_are_watched_alike(family):
    """They may differ in thresholds, and the MES API has its USE besides."""
    shapes = []
    for service in family:
        own = [rule for rule in alerts() if rule["labels"]["service"] == service and rule["alert"] not in ("MesApiThreadsBusy", "MesApiCpuThrottled")]
        word = re.match(r"(?:[A-Z][a-z]+)+?(?=Down$)", next(rule["alert"] for rule in own if rule["alert"].endswith("Down")))[0]
        shapes.append([(r["alert"].removeprefix(word), r["for"], r["labels"]["severity"], r["labels"]["signal"], _shape(r, service)) for r in own])
    assert all(shape == shapes[0] for shape in shapes[1:])


def _shape(rule, service):
    texts = [rule["expr"], *(rule["annotations"][name] for name in ("summary", "summary_ru", "description_ru"))]
    return [re.sub(r"\d[\d.,  ]*", "N", text.replace(service, "SERVICE")).strip() for text in texts]


def test_the_watchdog_fires_always_and_opens_nothing():
    (watchdog,) = [rule for name, rule in rules() if name == "watchdog"]
    assert (watchdog["alert"], watchdog["expr"]) == ("Watchdog", "vector(1)")
    assert "for" not in watchdog
