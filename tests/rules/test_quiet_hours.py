"""Quiet hours as the rules have them: whose clocks they follow, and where they mean nothing. Wrong names are golden cases."""

from zoneinfo import ZoneInfo

from receiver.rules.load import load_rules
from tests.builders import rules_files

ROUTES = """version: 1
route: {id: root, destinations: [here, there, mail, on-call]}
windows: {nights: {timezone: Europe/Moscow, times: [{from: "22:00", to: "08:00"}]}}
"""
DESTINATIONS = """version: 1
destinations:
  here: {channel: telegram, chat: -1, quiet_hours: nights}
  there: {channel: telegram, chat: -2, quiet_hours: nights, timezone: Asia/Vladivostok}
  mail: {channel: email, to: [a@example.com], quiet_hours: nights}
  on-call: {policy: devops, quiet_hours: nights}
fallback: [here]
"""
ESCALATION = "version: 1\npolicies: {devops: {steps: [{page: [{person: anna}], wait: 5m}]}}\n"


def test_quiet_hours_follow_the_clocks_of_those_who_read_there(tmp_path):
    found = load_rules(rules_files(tmp_path, routes=ROUTES, destinations=DESTINATIONS, escalation=ESCALATION)).quiet_hours
    assert {name: window.zone for name, window in found.items() if name in ("here", "there")} == {
        "here": ZoneInfo("Europe/Moscow"),
        "there": ZoneInfo("Asia/Vladivostok"),
    }


def test_quiet_hours_of_what_has_no_sound_are_remarked(tmp_path):
    notes = load_rules(rules_files(tmp_path, routes=ROUTES, destinations=DESTINATIONS, escalation=ESCALATION)).notes
    assert [note for note in notes if "quiet_hours" in note] == [
        "destinations.yaml:5: quiet_hours of mail has no effect, email has no sound to leave out",
        "destinations.yaml:6: quiet_hours of on-call has no effect, a policy pages, and a page always sounds",
    ]
