"""What programs read: Statuspage's JSON by its contract, feeds by a feed reader, the calendar by a calendar library, badges as XML."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import feedparser
import icalendar
import jsonschema
import pytest

from receiver.core.notice import Impact, Phase
from receiver.web.status.badge import badge
from receiver.web.status.document import document, keys
from receiver.web.status.edition import Edition
from receiver.web.status.links import Links
from receiver.web.status.statuspage import PATHS
from tests.status.values import NOW, edition, notice, outage, quiet, word, work

SCHEMA = json.loads((Path(__file__).parent / "statuspage-v2.schema.json").read_text())


def body(made: Edition, key: str) -> bytes:
    found = document(made, key, Links())
    assert found is not None, key
    return found.content


def answer(made: Edition, path: str, language: str = "en") -> dict:
    return json.loads(body(made, f"{language}/api/v2/{path}"))


@pytest.mark.parametrize("made", [edition(), quiet(), edition(work())], ids=["everything", "quiet", "work"])
@pytest.mark.parametrize("path", PATHS)
def test_every_answer_keeps_statuspages_contract(path, made):
    checker = jsonschema.Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{SCHEMA['paths'][path]}"})
    for language in ("", "ru/", "en/"):
        found = json.loads(body(made, f"{language}api/v2/{path}"))
        assert [f"{'/'.join(map(str, e.path))}: {e.message}" for e in checker.iter_errors(found)] == []


def test_the_contract_bites():
    checker = jsonschema.Draft202012Validator({**SCHEMA, "$ref": "#/$defs/summary"})
    broken = answer(edition(), "summary.json")
    broken["components"][0]["status"] = "down"
    assert not checker.is_valid(broken)


def test_the_summary_holds_what_is_not_over():
    found = answer(edition(), "summary.json")
    assert [one["id"] for one in found["incidents"]] == ["N7K2QRST"]
    assert [one["id"] for one in found["scheduled_maintenances"]] == ["NWORK234"]
    assert found["status"] == {"indicator": "major", "description": "Some things are not working"}
    (incident,) = found["incidents"]
    assert (incident["status"], incident["impact"], incident["started_at"]) == ("identified", "critical", "2026-11-23T11:02:00.000Z")
    newest = incident["incident_updates"][0]
    assert newest["affected_components"] == [{"code": "checkout", "name": "Checkout", "old_status": "major_outage", "new_status": "partial_outage"}]
    states = {one["name"]: one["status"] for one in found["components"]}
    assert states == {"Catalogue and cart": "operational", "Checkout": "partial_outage", "Order status": "operational", "Partner area": "operational", "Shop": "partial_outage", "Orders": "operational"}  # fmt: skip


def test_lists_hold_the_past_and_nothing_withdrawn():
    made = edition()
    assert [one["id"] for one in answer(made, "incidents.json")["incidents"]] == ["N7K2QRST", "NPAST234"]
    past = answer(made, "incidents.json")["incidents"][1]
    assert [u["id"] for u in past["incident_updates"]] == ["U6", "U4"], "a withdrawn word is not among them"
    assert [one["id"] for one in answer(made, "scheduled-maintenances/upcoming.json")["scheduled_maintenances"]] == ["NWORK234"]
    assert answer(made, "scheduled-maintenances/active.json")["scheduled_maintenances"] == []
    running = edition(replace(work(), phase=Phase.IN_PROGRESS, impacts={"order-status": Impact.UNDER_MAINTENANCE}))
    assert len(answer(running, "scheduled-maintenances/active.json")["scheduled_maintenances"]) == 1
    assert answer(running, "status.json")["status"]["indicator"] == "maintenance"


@pytest.mark.parametrize("kind", ["atom", "rss"])
def test_a_feed_reader_reads_one_entry_per_word_the_newest_first(kind):
    read = feedparser.parse(body(edition(), f"en/history.{kind}"))
    assert not read.bozo
    assert read.feed.title == "Alexandrite status"
    assert [entry.title for entry in read.entries][:2] == ["Identified — Some orders cannot be placed", "Investigating — Some orders cannot be placed"]
    assert read.entries[0].link == "https://status.example/status/en/notices/N7K2QRST#U2"
    assert "We have found the cause" in read.entries[0].summary
    assert "This message was withdrawn." in [entry.title for entry in read.entries]
    ids = [entry.id for entry in read.entries]
    assert len(set(ids)) == len(ids) == 7


def test_ids_stay_and_updated_moves_when_a_word_is_corrected():
    def entries(kind: str, edited: datetime | None) -> list:
        (newest, first) = outage().updates
        made = edition(replace(outage(), updates=(replace(newest, edited_at=edited), first)))
        return feedparser.parse(body(made, f"en/history.{kind}")).entries

    before, after = entries("atom", None), entries("atom", NOW)
    assert {e.id for e in before} == {e.id for e in after}
    assert after[0].updated == "2026-11-23T11:35:00Z"
    assert after[0].published == before[0].published
    assert entries("rss", None)[0].id != entries("rss", NOW)[0].id, "readers of RSS see a correction by its new id"


def test_feeds_have_no_character_that_xml_forbids():
    bad = notice("NCTRL234", word(1, Phase.INVESTIGATING, NOW, {"checkout": Impact.MAJOR_OUTAGE}, en=("a\x00b\x0bc", "]]> <b> \ud800 \uffff")))
    for kind in ("atom", "rss"):
        content = body(edition(bad), f"en/history.{kind}")
        ElementTree.fromstring(content)
        assert "abc" in content.decode()


def test_a_calendar_holds_planned_work_and_drops_what_was_cancelled():
    moved = replace(work(), phase=Phase.CANCELLED)
    for made, state in ((edition(), "CONFIRMED"), (edition(moved), "CANCELLED")):
        (event,) = icalendar.Calendar.from_ical(body(made, "ru/maintenance.ics")).walk("VEVENT")
        assert (event.start, event.end) == (datetime(2026, 11, 24, 0, tzinfo=UTC), datetime(2026, 11, 24, 1, tzinfo=UTC))
        assert (str(event["SUMMARY"]), event["STATUS"]) == ("Плановые работы: статусы заказов", state)
    later = replace(work(), scheduled_for=NOW + timedelta(days=3), scheduled_until=NOW + timedelta(days=3, hours=2))
    uids = {str(icalendar.Calendar.from_ical(body(edition(n), "ru/maintenance.ics")).walk("VEVENT")[0]["UID"]) for n in (work(), later)}
    assert len(uids) == 1, "work that is moved is the same event"


def test_badges_say_name_and_state():
    made = edition()
    root = ElementTree.fromstring(body(made, "ru/badges/checkout.svg"))
    assert root.attrib["aria-label"] == "Оформление заказов: Частично не работает"
    assert ElementTree.fromstring(body(made, "en/badge.svg")).attrib["aria-label"] == "Alexandrite status: Partial outage"
    ElementTree.fromstring(badge('<script>"&', "x", Impact.OPERATIONAL))


def test_every_key_is_a_document():
    made = edition()
    assert [key for key in keys(made) if document(made, key, Links()) is None] == []
