"""How a person's `page_by` leads to places: their own ways, a destination of that name, or nowhere."""

from datetime import timedelta
from pathlib import Path

import pytest

from receiver.channels.longtail import with_target
from receiver.core.escalation import ways_of
from receiver.rules.load import load_rules

PEOPLE = """version: 1
people:
  anna:
    name: Anna
    telegram: 111
    email: anna@example.com
    page_by: [{channel: telegram}, {channel: pagerduty, after: 2m}, {channel: sms, after: 4m}, {channel: voice, after: 6m}, {channel: email, after: 8m}]
    channels: {sms: {secret: ANNA_SMS}, voice: {secret: ANNA_VOICE}}
  boris: {name: Boris, telegram: 112, page_by: [{channel: sms}]}
  vera: {name: Vera, telegram: 113, phone: "+7 900 555-01-02", page_by: [{channel: voice}]}
"""
FILES = {
    "people.yaml": PEOPLE,
    "destinations.yaml": "version: 1\ndestinations: {chat: {channel: telegram, chat: -1}, pagerduty: {channel: pagerduty, secret: TEAM}, voice: {channel: longtail, secret: CALLS}}\nfallback: [chat]\n",
    "routes.yaml": "version: 1\nroute: {id: root, destinations: [chat]}\n",
}


@pytest.fixture
def book(tmp_path: Path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return load_rules(tmp_path)


def test_a_channel_named_twice_rings_twice(tmp_path):
    twice = "anna: {name: Anna, telegram: 111, page_by: [{channel: telegram}, {channel: telegram, after: 4m}]}"
    for name, text in (FILES | {"people.yaml": f"version: 1\npeople:\n  {twice}\n"}).items():
        (tmp_path / name).write_text(text)
    found = [(way.destination.name, way.destination.address, way.after) for way in ways_of(load_rules(tmp_path).people["anna"])]
    assert found == [("anna", {"chat": 111}, timedelta(0)), ("anna/2", {"chat": 111}, timedelta(minutes=4))]


def test_each_step_leads_to_its_own_place(book):
    found = [(way.destination.name, way.destination.channel, way.destination.secret, way.after) for way in ways_of(book.people["anna"])]
    assert found == [
        ("anna", "telegram", "", timedelta(0)),
        ("anna/pagerduty", "pagerduty", "TEAM", timedelta(minutes=2)),
        ("anna/sms", "longtail", "ANNA_SMS", timedelta(minutes=4)),
        ("anna/voice", "longtail", "ANNA_VOICE", timedelta(minutes=6)),
        ("anna/email", "email", "", timedelta(minutes=8)),
    ]
    assert {way.destination.person for way in ways_of(book.people["anna"])} == {"anna"}


def test_a_step_without_a_place_is_skipped_and_remarked_on(book):
    assert ways_of(book.people["boris"]) == ()
    assert "people.yaml:9: boris has no sms yet and this step is skipped, add channels: {sms: {secret: NAME}}" in book.notes


def test_a_gateway_calls_the_persons_number(book):
    (way,) = ways_of(book.people["vera"])
    assert (way.destination.channel, way.destination.secret, way.destination.address) == ("longtail", "CALLS", {"to": "+7 900 555-01-02"})
    assert with_target("twilio://SID:TOKEN@FROM?method=call", "+7 900 555-01-02") == "twilio://SID:TOKEN@FROM/79005550102?method=call"
