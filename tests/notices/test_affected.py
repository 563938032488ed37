"""Everything down is one draft for support, of all that is affected, whichever incident was there first; what people or customers have in hand stays."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from receiver.cli.trial import page_of
from receiver.core.notice import Impact
from receiver.core.notice_wish import impacts_of
from receiver.rules.load import load_rules
from receiver.settings import load_settings
from receiver.trial.explain import explain
from receiver.trial.telling import tell
from tests.builders import NOW, alert, incident, wire
from tests.harness import Story, story
from tests.notices.test_story import press, reply
from tests.notices.town import NOTICES, OLEG, ROUTES, SERVICES, SUPPORT, SVETA, town

DARK = wire(service="town", alertname="TownDark")
WIDE = ROUTES.replace(
    "    - id: critical\n",
    """    - id: dark
      matchers: ['severity="critical"', 'service="town"']
      customers: {component: affected, impact: major_outage, text: unavailable, hold: 3m}
    - id: critical
""",
)
GROUND = re.sub(r"(shop-db|catalog-api)(: .*)}", r"\1\2, depends_on: [town]}", SERVICES) + "  town: {name: {ru: Город, en: Town}, kind: host}\n"
THREE = NOTICES.replace("card:", "  status: {name: {ru: Статусы, en: Order status}}\ncard:")


def rules(directory: Path) -> Path:
    return town(directory, routes=WIDE, services=GROUND, notices=THREE)


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[Story]:
    async with story(tmp_path, rules=rules(tmp_path / "rules")) as found:
        yield found
        found._seen.update(at for at, _ in found._news())


async def cards(s: Story) -> list[str]:
    """The drafts support has before it."""
    return [sent.text for sent in s.api.messages.values() if sent.chat == SUPPORT and "DRAFT" in sent.text]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (1, 0, 2)], ids=["cause first", "cause last", "cause between"])
async def test_a_cause_and_its_symptoms_are_one_draft_of_what_is_affected(told, order):
    fires = (DARK, wire(service="shop-db"), wire(service="catalog-api"))
    for at in order:
        await told.fire(fires[at])
        await told.advance(seconds=3)
    await told.advance(seconds=12)
    await told.advance(minutes=3)
    (card,) = await cards(told)
    assert "Checkout, Catalogue — major outage" in card
    assert "Order status" not in card, "nothing is wrong with it"
    assert "Several parts are temporarily unavailable" in card
    assert "3 alerts fire" in card


async def test_drafts_that_were_offered_before_the_cause_was_seen_become_one(told):
    await told.fire(wire(service="shop-db"), wire(service="catalog-api"))
    await told.advance(seconds=12)
    await told.advance(minutes=3)
    assert len(await cards(told)) == 2
    await told.fire(DARK)
    await told.advance(seconds=12)
    await told.advance(seconds=5)
    (card,) = await cards(told)
    assert "Several parts are temporarily unavailable" in card
    assert "major outage · since 06:02" in card, "it began when the first of them did, and is not held anew"


async def test_a_text_that_a_colleague_has_edited_stays_and_the_rest_is_one_draft(told):
    await told.fire(wire(service="shop-db"))
    await told.advance(seconds=12)
    await told.advance(minutes=3)
    own = await told.expect(SUPPORT, "DRAFT", "Checkout — partial outage")
    await reply(told, own, "en: We are on it.", SVETA)
    await told.fire(DARK, wire(service="catalog-api"))
    await told.advance(seconds=12)
    await told.advance(minutes=3)
    first, second = await cards(told)
    assert "We are on it." in first
    assert "Catalogue — major outage" in second


async def test_what_customers_read_stays_and_the_rest_is_one_draft(told):
    await told.fire(wire(service="shop-db"))
    await told.advance(seconds=12)
    await told.advance(minutes=3)
    own = await told.expect(SUPPORT, "DRAFT", "Checkout — partial outage")
    for user in (OLEG, SVETA):
        await press(told, own, "Approve", user)
    await told.advance(seconds=20)
    await told.fire(DARK, wire(service="catalog-api"))
    await told.advance(seconds=12)
    await told.advance(minutes=3)
    (card,) = await cards(told)
    assert "Catalogue — major outage" in card
    assert "INVESTIGATING" in own.text


def test_where_nothing_is_known_to_be_affected_everything_is(tmp_path):
    book = load_rules(rules(tmp_path / "rules"))
    whole = {severity: book.route({"service": service, "severity": "critical"}, NOW) for severity, service in (("wide", "town"), ("one", "shop-db"))}
    wide, one = (incident(alert(), route=whole[name]) for name in ("wide", "one"))
    everything = dict.fromkeys(("checkout", "storefront", "status"), Impact.MAJOR_OUTAGE)
    assert impacts_of([wide], book) == everything
    assert impacts_of([one, wide], book) == impacts_of([wide, one], book) == {"checkout": Impact.MAJOR_OUTAGE}
    assert impacts_of([one], book) == {"checkout": Impact.PARTIAL_OUTAGE}


@pytest.mark.parametrize(("language", "words"), [("en", "Customers: all that is affected, major_outage"), ("ru", "Клиентам: всё, что затронуто, major_outage")])
def test_explain_says_so(tmp_path, language, words):
    page = page_of(load_settings({"RECEIVER_DATA_DIR": str(tmp_path), "HOME": "/"}))
    book = load_rules(rules(tmp_path / "rules"))
    found = explain(book, {"alertname": "TownDark", "service": "town", "severity": "critical"}, NOW, "alertmanager", page)
    assert words in tell(found, language, "UTC")
