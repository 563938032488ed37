"""The buttons of the notice card and its calls: what may be done now, each signed for this chat, this notice and this revision."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from receiver.channels.base import Button
from receiver.channels.notice_says import place_word
from receiver.channels.notice_words import button_words, impact_word
from receiver.core.callback import sign_text
from receiver.core.notice import Impact
from receiver.core.notice_approval import Need, can_stop
from receiver.core.notice_draft import SHOWN, is_fault
from receiver.core.notice_record import Delivery, Dismissal, Draft, Notice, Passage, Stage, Suggestion
from receiver.core.notice_rules import ALWAYS_THERE, NoticeRules
from receiver.core.notice_text import LOOKING_BACK

ACTION = "n"
SPANS = (15, 30, 60)
Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """Signs buttons for one chat."""

    key: bytes
    chat: str
    language: str

    def button(self, notice: Notice, verb: str, label: str, arg: str = "") -> Button:
        """`v1:n:<notice>.<revision>.<verb>[.<argument>]:<hmac80>`, at most 64 bytes."""
        revision = notice.draft.revision[:SHOWN] if notice.draft else ""
        subject = ".".join(filter(None, (notice.id, revision or "-", verb, arg)))
        return Button(label=label, data=sign_text(self.key, ACTION, subject, self.chat))

    def word(self, name: str) -> str:
        """The label of this name."""
        return button_words(self.language)[name]


def card_buttons(keys: Keys, notice: Notice, rules: NoticeRules, need: Need | None, *, has_asks: bool) -> Rows:
    """Everything that makes sense now; none when the notice is over for good."""

    def one(verb: str, arg: str = "", label: str = "") -> Button:
        return keys.button(notice, verb, label or keys.word(arg if verb in ("say", "menu") else verb), arg)

    menu = _menu(keys, notice, rules, one) if notice.stage is Stage.OPEN or (notice.stage is Stage.OVER and not notice.is_retracted) else ()
    if menu:
        return (*menu, (one("menu", "", keys.word("back")),))
    if notice.stage is not Stage.OPEN:
        return _after_the_end(notice, one)
    draft = notice.draft
    if draft and draft.publish_at:
        return ((one("stop"),),)
    if draft and need:
        return _of_draft(keys, notice, draft, need, one, has_asks=has_asks)
    return _of_published(notice, one)


_One = Callable[..., Button]


def _of_draft(keys: Keys, notice: Notice, draft: Draft, need: Need, one: _One, *, has_asks: bool) -> Rows:
    count = f"{keys.word('approve')} ({len(draft.approvals)}/{need.count})"
    minutes = keys.word("minutes")
    span = f"{keys.word('next')} {int(notice.rhythm.total_seconds() // 60)} {minutes}"
    rows: list[tuple[Button, ...]] = [(one("approve", label=count), one("edit"))]
    if has_asks and not draft.ticked_by:
        rows = [(one("tick"),), *rows]
    settings: tuple[Button, ...] = (
        one("menu", "lang", keys.word("lang")),
        one("menu", "impact", keys.word("impact")),
        one("menu", "channels", keys.word("channels")),
    )
    if draft.next_update_at:
        settings = (*settings, one("menu", "next", span))
    last = one("drop") if notice.is_published else one("menu", "dismiss", f"{keys.word('dismiss')} ▾")
    return (*rows, settings[:2], settings[2:], (last, one("glass")))


def _of_published(notice: Notice, one: _One) -> Rows:
    if notice.phase and notice.phase.is_over:
        return ((one("update"), one("menu", "more")), *_stop(notice, one))
    first: Rows = {
        Suggestion.MONITORING: ((one("monitoring", "fix-applied"),),),
        Suggestion.RESOLVED: ((one("say", "nothing-lost"), one("say", "resolved")),),
    }.get(notice.suggestion, ())
    if not is_fault(notice):
        return ((one("update"), one("menu", "more")),)
    resolve = () if notice.doubt else (one("menu", "resolve"),)
    return (
        *_stop(notice, one),
        *first,
        *_pairs((one("update"), one("say", "cause-found"), one("say", "fix-applied"), *resolve, one("menu", "later"), one("menu", "more"))),
    )


def _stop(notice: Notice, one: _One) -> Rows:
    return ((one("stop"),),) if can_stop(notice) else ()


def _after_the_end(notice: Notice, one: _One) -> Rows:
    return ((one("menu", "more"),),) if notice.stage is Stage.OVER and not notice.is_retracted and not notice.menu else ()


def _menu(keys: Keys, notice: Notice, rules: NoticeRules, one: _One) -> Rows:
    name, _, _ = notice.menu.partition("-")
    made = _MENUS.get(name)
    return made(keys, notice, rules, one) if made else ()


def _impact_menu(keys: Keys, _notice: Notice, _rules: NoticeRules, one: _One) -> Rows:
    return tuple((one("impact", impact.value, impact_word(impact, keys.language)),) for impact in Impact if impact.rank > 1)


def _channel_menu(keys: Keys, notice: Notice, rules: NoticeRules, one: _One) -> Rows:
    chosen = notice.draft.channels if notice.draft else ()
    return tuple(
        (one("channel", name, f"{'☑' if name in chosen else '☐'} {place_word(name, rules, keys.language)}"),)
        for name in rules.publish
        if name not in ALWAYS_THERE
    )


def _span_menu(verb: str) -> Callable[[Keys, Notice, NoticeRules, _One], Rows]:
    def menu(keys: Keys, _notice: Notice, _rules: NoticeRules, one: _One) -> Rows:
        return (tuple(one(verb, str(minutes), f"+{minutes} {keys.word('minutes')}") for minutes in SPANS),)

    return menu


def _language_menu(_keys: Keys, _notice: Notice, rules: NoticeRules, one: _One) -> Rows:
    return (tuple(one("menu", f"lang-{language}", language.upper()) for language in rules.languages),)


def _dismiss_menu(keys: Keys, _notice: Notice, _rules: NoticeRules, one: _One) -> Rows:
    return _pairs(one("dismiss", why.value, keys.word(why.value)) for why in Dismissal)


def _edit_menu(keys: Keys, _notice: Notice, rules: NoticeRules, one: _One) -> Rows:
    fields = ("title", "body")
    return tuple(tuple(one("field", f"{field}-{language}", f"{keys.word(field)} {language.upper()}") for field in fields) for language in rules.languages)


def _resolve_menu(keys: Keys, _notice: Notice, _rules: NoticeRules, one: _One) -> Rows:
    return ((one("say", "nothing-lost"),), (one("say", "resolved"),))


def _more_menu(keys: Keys, notice: Notice, _rules: NoticeRules, one: _One) -> Rows:
    phrases: tuple[str, ...] = ("partly-restored", "workaround", "still-working") if notice.phase and not notice.phase.is_over else ()
    if notice.phase and notice.phase.is_over and is_fault(notice):
        phrases = (LOOKING_BACK,)
    return (*_pairs(one("say", name) for name in phrases), (one("correct"), one("retract")))


def _pairs(buttons: Iterable[Button]) -> Rows:
    held = list(buttons)
    return tuple(tuple(held[at : at + 2]) for at in range(0, len(held), 2))


_MENUS: dict[str, Callable[[Keys, Notice, NoticeRules, _One], Rows]] = {
    "impact": _impact_menu,
    "channels": _channel_menu,
    "next": _span_menu("next"),
    "later": _span_menu("later"),
    "lang": _language_menu,
    "dismiss": _dismiss_menu,
    "edit": _edit_menu,
    "resolve": _resolve_menu,
    "more": _more_menu,
}


def call_buttons(keys: Keys, notice: Notice, call: Delivery) -> Rows:
    """What answers a call."""

    def one(verb: str, arg: str = "", label: str = "") -> Button:
        return keys.button(notice, verb, label or keys.word(arg if verb in ("say", "menu") else verb), arg)

    about, number = call.args["about"], short_key(call.args.get("delivery", ""))
    match about:
        case "unknown" if _is(notice, call, Passage.UNKNOWN):
            return ((one("again", number), one("was_sent", number)),)
        case "failed" if _is(notice, call, Passage.FAILED):
            return ((one("again", number, keys.word("retry")),),)
        case "soon" | "due" | "late" | "long" | "offline" | "offline_page":
            spans = tuple(one("later", str(minutes), f"+{minutes} {keys.word('minutes')}") for minutes in SPANS)
            return ((one("say", "still-working"), one("update")), spans)
        case _:
            return ()


def _is(notice: Notice, call: Delivery, state: Passage) -> bool:
    held = notice.deliveries.get(call.args.get("delivery", ""))
    return held is not None and held.state is state


def short_key(delivery: str) -> str:
    """A delivery's key is too long for a button: its beginning digits of a digest are not."""
    return hashlib.sha256(delivery.encode()).hexdigest()[:8]
