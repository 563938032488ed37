"""The README's first command: its rules are the shipped ones made quicker, and are refused like any other where their own examples do not hold."""

from datetime import timedelta

import pytest

from receiver.cli import demo, demo_notice, outage
from receiver.cli.trial import page_of
from receiver.rules.load import read_rules
from receiver.settings import Settings, load_settings
from receiver.trial.examples import run_examples
from tests.harness import ROOT

LONG, SHORT = timedelta(seconds=10), timedelta(seconds=1)


def settings_of(directory, **environ: str) -> Settings:
    return load_settings(demo.environment({"RECEIVER_DATA_DIR": str(directory), "RECEIVER_TELEGRAM_TOKEN": "1:never-used", **environ}))


@pytest.mark.parametrize("hold", [LONG, SHORT], ids=["outage", "fast"])
def test_the_demos_rules_load_and_their_own_examples_hold(tmp_path, hold):
    settings = demo_notice.with_short_hold(settings_of(tmp_path), hold, 2 * hold)
    reading = read_rules(settings.rules_dir)
    outcomes = list(run_examples(reading, settings.rules_dir, page_of(settings)))
    assert len(outcomes) >= 30
    assert "".join(one.diff for one in outcomes) == ""


def test_the_demo_shortens_the_wait_for_customers_and_nothing_else(tmp_path):
    settings = demo_notice.with_short_hold(settings_of(tmp_path), LONG, SHORT)
    ours, shipped = read_rules(settings.rules_dir).book, read_rules(ROOT / "routing_rules").book
    assert ours.noise == shipped.noise
    assert {route.customers.hold for route in ours.root.children if route.customers} == {LONG}
    assert ours.notices.undo == SHORT
    assert ours.destinations == shipped.destinations


def test_the_demo_speaks_the_language_it_is_asked_to_speak(tmp_path):
    settings = demo_notice.with_short_hold(settings_of(tmp_path, RECEIVER_LANGUAGE="en"), LONG, SHORT)
    book = read_rules(settings.rules_dir).book
    assert {one.language for one in book.people.values()} == {"en"}
    assert {book.destinations[name].language for name in ("admin-chat", "devops-chat", "support-chat")} == {"en"}


def test_the_demo_tells_nobody_outside_and_asks_the_programs_it_starts(tmp_path):
    settings = settings_of(tmp_path, RECEIVER_ALERTMANAGER_URLS="http://theirs:9093")
    assert (settings.telegram_mode, settings.telegram_token, settings.peers) == ("off", None, ())
    measured = outage.with_evidence(settings)
    assert measured.prometheus_url
    assert all(url.startswith("http://127.0.0.1:") for url in (measured.prometheus_url.get_secret_value(), *measured.peers))


def test_the_demos_screen_holds_no_log_line_of_what_is_still_starting(tmp_path):
    assert settings_of(tmp_path).log_level == "ERROR"
    assert settings_of(tmp_path, RECEIVER_LOG_LEVEL="INFO").log_level == "INFO"
