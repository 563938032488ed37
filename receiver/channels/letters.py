"""Letters to subscribers: the question whether they asked, the link to their settings, and every published word. Pure; used by `workers`.

A letter is made of `PublicNotice`, public names and the subscriber's own links. RFC 8058: every one that was asked for can be stopped by one
POST, which `List-Unsubscribe` and `List-Unsubscribe-Post` name. Message-IDs are made from what is said and to whom: the same at every attempt.
"""

import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parseaddr
from zoneinfo import ZoneInfo

from receiver.channels import moments
from receiver.channels.public_words import IMPACTS, PHASES, known
from receiver.core.notice import PublicNotice, Update
from receiver.core.notice_rules import NoticeRules

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\u2028\u2029]")
_LONGEST_SUBJECT = 160


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """What one recipient gets. `heading` is what it is about, for whoever sees no subject. `key` tells letters apart, `thread` holds those of a
    notice together; `stop` is the one-click address.
    """

    subject: str
    heading: str
    paragraphs: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    language: str
    key: str
    thread: str = ""
    stop: str = ""
    footer: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """`mailbox` is who writes, as `Name <name@example.com>`; `envelope` where what can't be delivered comes back."""

    mailbox: str
    envelope: str


def confirmation(page: str, link: str, language: str) -> Letter:
    """Did you ask for this?"""
    if known(language) == "ru":
        heading = "Подтвердите подписку"
        said = (
            f"Кто-то, вероятно вы, указал этот адрес на странице «{page}».",
            "Чтобы получать сообщения о сбоях и плановых работах, подтвердите подписку. Ссылка действует сутки.",
            "Если это были не вы, ничего делать не нужно: писем больше не будет.",
        )
        word = "Подтвердить подписку"
    else:
        heading = "Confirm your subscription"
        said = (
            f"Somebody, probably you, entered this address on the page “{page}”.",
            "To hear of outages and planned work, confirm the subscription. The link is valid for one day.",
            "If it was not you, there is nothing to do: no more letters will come.",
        )
        word = "Confirm the subscription"
    return Letter(subject=f"{heading}: {page}", heading=heading, paragraphs=said, links=((word, link),), language=language, key=f"confirm-{link}")


def settings(page: str, link: str, stop: str, language: str) -> Letter:
    """You are subscribed already; here is where you change it."""
    if known(language) == "ru":
        heading, word = "Ваша подписка", "Изменить подписку"
        said = ("Этот адрес уже подписан. По ссылке можно выбрать язык и сервисы или отписаться; она действует сутки.",)
    else:
        heading, word = "Your subscription", "Change the subscription"
        said = ("This address is subscribed already. The link lets you choose language and components, or unsubscribe; it is valid for one day.",)
    subject = f"{heading}: {page}"
    return Letter(subject=subject, heading=heading, paragraphs=said, links=((word, link),), language=language, key=f"settings-{link}", stop=stop)


def farewell(page: str, link: str, language: str) -> Letter:
    """You are not subscribed any more; for everybody who shares the address."""
    if known(language) == "ru":
        heading, word = "Подписка отменена", "Вернуть подписку"
        said = (
            f"Этот адрес отписан от сообщений страницы «{page}», больше писем не будет.",
            "Если адрес общий и отписался кто-то другой, подписку можно вернуть по ссылке в течение суток.",
        )
    else:
        heading, word = "You are unsubscribed", "Subscribe again"
        said = (
            f"This address is unsubscribed from the page “{page}”; no more letters will come.",
            "If the address is shared and somebody else unsubscribed it, the link brings the subscription back; it is valid for one day.",
        )
    return Letter(subject=f"{heading}: {page}", heading=heading, paragraphs=said, links=((word, link),), language=language, key=f"farewell-{link}")


def word(notice: PublicNotice, update: Update, rules: NoticeRules, language: str, link: str, stop: str, now: datetime) -> Letter:
    """One published word."""
    tongue = language if language in update.texts else next(iter(update.texts), language)
    text, zone, said = update.texts[tongue], ZoneInfo(rules.page.timezone), known(language)
    names = [rules.components[name].name(language) for name in notice.components if name in rules.components]
    phase = PHASES[said][update.phase]
    subject = f"[{', '.join(names)}] {phase} — {text.title}" if names else f"{phase} — {text.title}"
    lines = [f"{rules.components[name].name(language)}: {IMPACTS[said][impact]}" for name, impact in update.impacts.items() if name in rules.components]
    paragraphs = [f"{phase} · {moments.moment(update.at, zone, now, said)}", *_paragraphs(text.body), *(["\n".join(lines)] if lines else [])]
    if notice.next_update_at and notice.next_update_at > now and not update.phase.is_over:
        when = moments.moment(notice.next_update_at, zone, now, said)
        paragraphs.append(f"Следующее сообщение — до {when}." if said == "ru" else f"Next update by {when}.")
    page = rules.page.names.get(language) or next(iter(rules.page.names.values()))
    why = f"Вы получили это письмо, потому что подписаны на «{page}»." if said == "ru" else f"You get this letter because you subscribed to “{page}”."
    off = "Отписаться" if said == "ru" else "Unsubscribe"
    return Letter(
        subject=subject, heading=_line(text.title), paragraphs=tuple(paragraphs), links=(("Подробнее" if said == "ru" else "Details", link),), language=language,
        key=f"{update.id}-{update.edited_at or ''}", thread=notice.id, stop=stop, footer=(why, f"{off}: {stop}"),
    )  # fmt: skip


def compose(letter: Letter, sender: Sender, recipient: str, tag: str, now: datetime) -> bytes:
    """The letter as it is handed over. `tag` is a keyed hash of the recipient. Raises ValueError for what is no mailbox."""
    name, address = parseaddr(sender.mailbox)
    domain = address.rpartition("@")[2]
    mail = EmailMessage()
    mail["From"] = formataddr((name, address))
    mail["To"] = recipient
    mail["Subject"] = _line(letter.subject)
    mail["Date"] = format_datetime(now)
    root = f"<{_hash(letter.thread)}.{tag[:12]}@{domain}>" if letter.thread else ""
    mail["Message-ID"] = f"<{_hash(letter.thread + letter.key)}.{tag[:12]}@{domain}>"
    if root:
        mail["In-Reply-To"] = root
        mail["References"] = root
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if letter.stop:
        mail["List-Unsubscribe"] = f"<{letter.stop}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(_plain(letter))
    mail.add_alternative(_html(letter), subtype="html")
    mail["Content-Language"] = letter.language  # before the parts are made it would become the first part's
    return mail.as_bytes()


def _plain(letter: Letter) -> str:
    parts = [letter.heading, *letter.paragraphs, *(f"{word}: {link}" for word, link in letter.links)]
    if letter.footer:
        parts += ["-- \n" + "\n".join(letter.footer)]
    return _clean("\n\n".join(parts)) + "\n"


def _html(letter: Letter) -> str:
    return _clean("\n".join(_markup(letter)))


def _markup(letter: Letter) -> Iterator[str]:
    heading = html.escape(letter.heading)
    yield f'<!doctype html><html lang="{letter.language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    yield f'<meta name="color-scheme" content="light dark"><title>{heading}</title></head>'
    yield '<body style="font:16px/1.5 sans-serif;max-width:40em;margin:0 auto;padding:16px;overflow-wrap:break-word"><main>'
    yield f'<h1 style="font-size:20px;line-height:1.3;margin:0">{heading}</h1>'
    for part in letter.paragraphs:
        yield "<p>" + html.escape(part).replace("\n", "<br>") + "</p>"
    for word, link in letter.links:
        yield f'<p><a href="{html.escape(link)}" style="color:inherit;display:inline-block;padding:10px 16px;border:1px solid;border-radius:6px">{html.escape(word)}</a></p>'
    if letter.footer:
        yield f'<p style="font-size:14px;border-top:1px solid;padding-top:12px">{html.escape(letter.footer[0])}'
        yield f'<br><a href="{html.escape(letter.stop)}" style="color:inherit">{html.escape(letter.footer[1].partition(":")[0])}</a></p>'
    yield "</main></body></html>"


def _paragraphs(body: str) -> list[str]:
    return [part.strip() for part in "\n".join(body.splitlines()).split("\n\n") if part.strip()]


def _line(text: str) -> str:
    """One line: a title can't add a header."""
    flat = " ".join(_clean(text).split())
    return flat if len(flat) <= _LONGEST_SUBJECT else flat[: _LONGEST_SUBJECT - 1] + "…"


def _clean(text: str) -> str:
    return _CONTROL.sub("", text)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:20]
