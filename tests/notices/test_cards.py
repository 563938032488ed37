"""The card, its calls and the public posts, as people read them, in both languages; buttons included. `UPDATE_GOLDEN=1` writes them anew."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from receiver.channels.base import Message, Outcome
from receiver.channels.entities import find_problem
from receiver.channels.notice_buttons import Keys
from receiver.channels.notice_card import Desk, NoticeCards
from receiver.channels.notice_target import Publication
from receiver.channels.notice_telegram import TelegramTarget
from receiver.core.delivery import Evidence
from receiver.core.incident import Destination, IncidentId
from receiver.core.lint import Secrets, values_of
from receiver.core.notice import Impact
from receiver.core.notice_event import Attached, Corrected, Dismissed, Drifted, Edited, Menu, Proposed, Retracted
from receiver.core.notice_plan import World
from receiver.core.notice_public import project
from receiver.core.notice_record import Cause, Cry, Dismissal, Form
from tests.notices.flow import ANNA, OLEG, SVETA, TEXTS, Flow

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/golden/notices"
CARDS = NoticeCards(ROOT / "message_templates")


def draft() -> Flow:
    return Flow().drafted()


def unwanted() -> Flow:
    flow = Flow()
    errors, slow = Cause(alert="ShopApiErrorRateHigh", route="critical-services"), Cause(alert="ShopApiSlow", route="critical-services")
    cries = (Cry(cause=errors, drafts=5, unwanted=3, why={"false_alarm": 2, "internal": 1}), Cry(cause=slow, drafts=2, unwanted=0, why={}))
    flow.facts = replace(flow.facts, causes=(errors, slow), cries=cries)
    return flow.drafted()


def edited() -> Flow:
    flow = draft()
    flow.approve(OLEG)
    flow(Edited(actor=ANNA, language="ru", body="Часть заказов не проходит. Каталог работает. Напишем снова до 06:32."))
    return flow


def blocked() -> Flow:
    flow = draft()
    flow.facts = replace(flow.facts, secrets=Secrets(values=values_of(["shop-db-7"])))
    flow(Edited(actor=ANNA, language="ru", body="ВНИМАНИЕ: сервер shop-db-7 упал, INC-412. Напишем снова до 06:32."))
    return flow


def publishing() -> Flow:
    flow = draft()
    flow.approve(ANNA, OLEG)
    return flow


def published() -> Flow:
    flow = Flow().published()
    word = flow.notice.updates[-1].id
    mail = flow.notice.deliveries[f"{word}.mail"]
    counted = replace(mail, state=mail.state.SENT, total=3214, sent=3190, failed=24)
    flow.notice = replace(flow.notice, deliveries={**flow.notice.deliveries, f"{word}.mail": counted})
    flow.wake(minutes=28)
    return flow


def overdue() -> Flow:
    flow = published()
    flow.wake(minutes=20)
    return flow


def trouble() -> Flow:
    flow = Flow().drafted()
    flow.deliver()
    flow.approve(ANNA, OLEG)
    flow.wake(seconds=20)
    flow.deliver(Evidence.UNKNOWN, only="news")
    flow(Drifted(target="news", what="resolved"))
    return flow


def calm() -> Flow:
    flow = Flow().published()
    flow.facts = replace(flow.facts, firing=0, ended_at=flow.now)
    flow.wake()
    return flow


def quiet() -> Flow:
    flow = calm()
    flow.wake(minutes=16)
    return flow


def unproven() -> Flow:
    flow = Flow().published()
    flow.facts = replace(flow.facts, firing=0, doubt="watchdog")
    flow.wake()
    return flow


def another() -> Flow:
    flow = Flow().published()
    flow(Attached(incident=IncidentId("INC-2"), impact=Impact.PARTIAL_OUTAGE))
    return flow


def resolved() -> Flow:
    flow = quiet()
    flow(Proposed(actor=ANNA, key="nothing-lost", agrees=True))
    flow.wake(seconds=20)
    flow.deliver()
    return flow


def after() -> Flow:
    flow = resolved()
    flow.wake(minutes=31)
    flow(Menu(actor=ANNA, name="more"))
    return flow


def correction() -> Flow:
    flow = Flow().published()
    flow(Corrected(actor=SVETA, language="ru", body="Оформление заказов: часть действий не проходит. Напишем снова до 06:32."))
    return flow


def retracted() -> Flow:
    flow = Flow().published()
    flow(Retracted(actor=ANNA, why="wrong shop"))
    return flow


def dismissed() -> Flow:
    flow = draft()
    flow(Dismissed(actor=ANNA, why=Dismissal.FALSE_ALARM))
    return flow


def menu(name: str) -> Callable[[], Flow]:
    def made() -> Flow:
        flow = draft()
        flow(Menu(actor=ANNA, name=name))
        return flow

    return made


STATES = {f.__name__: f for f in (draft, unwanted, edited, blocked, publishing, published, overdue, trouble, calm, quiet, unproven, another, resolved, after, correction, retracted, dismissed)}  # fmt: skip
STATES |= {f"menu-{name}": menu(name) for name in ("impact", "channels", "next", "lang", "dismiss", "edit")}


def desk(language: str) -> Desk:
    people = {"anna": "Анна", "oleg": "Олег", "sveta": "Света"} if language == "ru" else {}
    return Desk(language=language, timezone="Europe/Moscow", people=people, keys=Keys(key=b"k", chat="-1004", language=language))


def read(message: Message) -> str:
    assert find_problem(message.html) is None, message.html
    rows = ["".join(f"[ {button.label} ]" for button in row) for row in message.buttons]
    assert all(len(button.data.encode()) <= 64 for row in message.buttons for button in row)
    return "\n".join([message.html, *rows])


def same(name: str, said: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(said + "\n", "utf-8")
    assert said + "\n" == path.read_text("utf-8")


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("state", STATES)
def test_the_card_reads_as_written(state, language):
    flow = STATES[state]()
    world = World(rules=flow.rules, facts=flow.facts, compose=TEXTS.compose, now=flow.now)
    same(f"card.{state}.{language}", read(CARDS.card(flow.notice, world, desk(language))))


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_call_reads_as_written(language):
    said = []
    for make in (overdue, trouble, edited):
        flow = make()
        world = World(rules=flow.rules, facts=flow.facts, compose=TEXTS.compose, now=flow.now)
        calls = [d for d in flow.notice.deliveries.values() if d.form is Form.CALL]
        said += [read(CARDS.call(flow.notice, call, world, desk(language))) for call in calls]
    flow = draft()
    world = World(rules=flow.rules, facts=flow.facts, compose=TEXTS.compose, now=flow.now)
    base = flow.notice.deliveries["card"]
    for about in ("undecided", "undecided_lead", "long", "blocked", "failed", "glass", "returned", "offline", "offline_page"):
        call = replace(base, form=Form.CALL, args={"about": about, "target": "news", "why": "403", "who": "Leo"})
        said.append(read(CARDS.call(flow.notice, call, world, desk(language))))
    same(f"calls.{language}", "\n\n".join(said))


class Kept:
    """A channel that keeps what it was given."""

    name, is_idempotent = "telegram", False

    def __init__(self) -> None:
        self.shown: list[str] = []

    async def send(self, destination: Destination, message: Message, reply_to: str = "") -> Outcome:
        self.shown.append(f"{'silent ' if message.silent else ''}{'reply' if reply_to else 'post'}\n{message.html}")
        return Outcome(evidence=Evidence.OK, ref="1")

    async def edit(self, destination: Destination, ref: str, message: Message) -> Outcome:
        self.shown.append(f"edit\n{message.html}")
        return Outcome(evidence=Evidence.OK, ref=ref)

    async def close(self) -> None: ...


@pytest.mark.parametrize("language", ["ru", "en", ""])
async def test_posts_in_the_channel_read_as_written(language):
    flow, kept = resolved(), Kept()
    channel = replace(flow.rules.channels["news"], language=language)
    target = TelegramTarget(kept, None, "https://status.example/")
    for notice in (flow.notice, retracted().notice):
        public = project(notice)
        for number, update in enumerate(reversed(public.updates)):
            base = {"notice": public, "update": update, "channel": channel, "page": flow.rules.page, "components": flow.rules.components, "key": "k"}
            await target.post(Publication(**base, reply_to="1" if number else ""))
        await target.head(Publication(**base, ref="1"))
    assert all(find_problem(text.partition("\n")[2]) is None for text in kept.shown)
    same(f"posts.{language or 'both'}", "\n\n".join(kept.shown))


def test_a_card_whose_template_fails_still_has_its_buttons(tmp_path):
    (tmp_path / "notices").mkdir()
    for language in ("en", "ru"):
        (tmp_path / f"notices/card.{language}.html.j2").write_text("{{ nothing.there }}")
    flow = draft()
    world = World(rules=flow.rules, facts=flow.facts, compose=TEXTS.compose, now=flow.now)
    shown = NoticeCards(tmp_path).card(flow.notice, world, desk("en"))
    assert shown.html == "N2345678 · open (UndefinedError: card)"
    assert shown.buttons
