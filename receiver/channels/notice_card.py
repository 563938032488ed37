"""The living card of a notice in the support chat, and the calls beside it. Internal: names and counts, never ids nobody can check.

Called by `workers.publisher` and `chat`. Templates in `message_templates/notices/card.LANGUAGE.html.j2`.
"""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from receiver.channels.base import Message
from receiver.channels.notice_buttons import Keys, call_buttons, card_buttons
from receiver.channels.notice_says import approvers, calls, checks, cries, deliveries, goes_to, languages, pieces, suggestion, why_word
from receiver.channels.notice_words import MARKS, impact_word, phase_word
from receiver.channels.render import FAILURES
from receiver.channels.text import plain_text
from receiver.channels.words import clock, form, span
from receiver.core.lint import Remark
from receiver.core.notice import Impact
from receiver.core.notice_approval import look, need
from receiver.core.notice_plan import World
from receiver.core.notice_record import Delivery, Draft, Notice
from receiver.core.wording import Piece, diff

LANGUAGES = ("en", "ru")


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """For whom a card is made: the language and zone of the support chat, how people are called, where buttons are signed for."""

    language: str
    timezone: str
    people: Mapping[str, str]
    keys: Keys


@lru_cache(maxsize=4)
def _compile(source: str) -> Template:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(source)


class NoticeCards:
    """Renders cards and calls; raises TemplateError when a template is missing."""

    def __init__(self, directory: Path) -> None:
        self._templates = {language: _compile((directory / "notices" / f"card.{language}.html.j2").read_text("utf-8")) for language in LANGUAGES}

    def card(self, notice: Notice, world: World, desk: Desk) -> Message:
        """The card as it must be shown now."""
        language = desk.language if desk.language in LANGUAGES else "en"
        remarks = look(notice.draft, world) if notice.draft else ()
        wanted = need(notice, notice.draft, world, remarks) if notice.draft else None
        view = _view(notice, world, desk, language)
        view["draft"] = _draft(notice, notice.draft, world, desk, remarks) if notice.draft else None
        try:
            markup = self._templates[language].render(**view).strip()
        except FAILURES as fault:  # somebody's own template: the buttons work all the same
            markup = html.escape(f"{notice.id} · {notice.stage.value} ({type(fault).__name__}: card)", quote=False)
        buttons = card_buttons(desk.keys, notice, world.rules, wanted, has_asks=bool(remarks) and not any(r.is_block for r in remarks))
        return Message(html=markup, plain=plain_text(markup), buttons=buttons, protected=True)

    def call(self, notice: Notice, call: Delivery, world: World, desk: Desk, mention: str = "") -> Message:
        """A loud reply to the card: why a person is needed. `mention` is markup that notifies somebody."""
        said = calls(notice, call, world, desk.language, desk.timezone)
        markup = f"{mention} {html.escape(said, quote=False)}".strip()
        return Message(
            html=markup, plain=plain_text(markup), buttons=call_buttons(desk.keys, notice, call), silent=call.args["about"] == "soon", protected=True
        )


def mention(telegram: int | None, name: str) -> str:
    """Names a person so that they are notified, where their account is known."""
    shown = html.escape(name, quote=False)
    return f'<a href="tg://user?id={telegram}">{shown}</a>' if telegram else shown


def _view(notice: Notice, world: World, desk: Desk, language: str) -> dict[str, Any]:
    rules, now = world.rules, world.now
    names = ", ".join(rules.components[c].name(language) for c in notice.components if c in rules.components)
    worst = max((notice.draft.impacts if notice.draft and not notice.phase else notice.impacts).values(), key=lambda i: i.rank, default=Impact.OPERATIONAL)
    promised = notice.next_update_at
    end = notice.said_at if notice.phase and notice.phase.is_over and notice.said_at else now
    return {
        "id": notice.id,
        "stage": notice.stage.value,
        "phase": phase_word(notice.phase, language) if notice.phase else "",
        "mark": MARKS.get(notice.phase, "🔵") if notice.phase else "🟠",
        "components": names or "—",
        "impact": impact_word(worst, language),
        "since": clock(notice.started_at, desk.timezone, now, language),
        "lasted": span(end - notice.started_at, language),
        "said": clock(notice.said_at, desk.timezone, now, language) if notice.said_at else "",
        "promised": clock(promised, desk.timezone, now, language) if promised else "",
        "left": span(promised - now, language) if promised and promised > now else "",
        "overdue": span(now - promised, language) if promised and promised <= now else "",
        "deliveries": deliveries(notice, rules, language),
        "because": _because(notice, language),
        "cries": cries(notice, language) if notice.draft and not notice.phase else "",
        "suggestion": suggestion(notice, world, language, desk.timezone),
        "why": why_word(notice, language),
        "by": notice.dismissed_by,
        "into": notice.merged_into or "",
        "retracted": notice.is_retracted,
    }


def _draft(notice: Notice, draft: Draft, world: World, desk: Desk, remarks: tuple[Remark, ...]) -> dict[str, Any]:
    language, rules = desk.language, world.rules
    shown = shown_language(notice, desk.language)
    text = draft.texts.get(shown) or next(iter(draft.texts.values()))
    wanted = need(notice, draft, world, remarks)
    holding = rules.holding_after if rules.holding_after and not notice.is_published and not draft.approvals else None
    return {
        "phase": phase_word(draft.phase, language),
        "impact": impact_word(draft.impact, language),
        "corrects": bool(draft.corrects),
        "title": text.title,
        "body": text.body,
        "languages": languages(draft, rules, language, shown),
        "diff": Markup(pieces(_changed(draft))),  # noqa: S704 - every piece is escaped where it is made
        "goes_to": goes_to(draft, world, language),
        "checks": checks(remarks, draft, language),
        "given": len(draft.approvals),
        "needed": wanted.count,
        "role": wanted.role,
        "approvers": approvers(draft, desk.people, desk.timezone, world.now, language),
        "holding_at": clock(draft.proposed_at + holding, desk.timezone, world.now, language) if holding and not draft.publish_at else "",
        "publish_in": _in(draft.publish_at, world.now, language) if draft.publish_at else "",
    }


def _changed(draft: Draft) -> tuple[Piece, ...]:
    """What the last edit did, word by word, the title first."""
    for language, was in draft.was.items():
        now = draft.texts[language]
        titles = diff(was.title, now.title) if was.title != now.title else ()
        bodies = diff(was.body, now.body) if was.body != now.body else ()
        return (*titles, *((Piece(how="same", text="\n"),) if titles and bodies else ()), *bodies)
    return ()


def shown_language(notice: Notice, language: str) -> str:
    """Which language of the draft the card shows: the chosen one, else the chat's."""
    chosen = notice.menu.removeprefix("lang-") if notice.menu.startswith("lang-") else ""
    texts = notice.draft.texts if notice.draft else {}
    return next((one for one in (chosen, language) if one in texts), next(iter(texts), language))


def _because(notice: Notice, language: str) -> str:
    if not notice.incidents:
        return ""
    listed = ", ".join(notice.incidents[:5]) + (" …" if len(notice.incidents) > 5 else "")
    if language == "ru":
        return f"Внутреннее: активных алертов {notice.firing}, {listed}"
    return f"Internal: {notice.firing} {form(notice.firing, ('alert fires', 'alerts fire'))}, {listed}"


def _in(at: datetime, now: datetime, language: str) -> str:
    return span(max(at - now, timedelta(0)), language)
