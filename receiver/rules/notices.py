"""notices.yaml, found right, becomes `NoticeRules`. Called by `rules.build`."""

from receiver.core.notice import Impact, Phase
from receiver.core.notice_rules import ALWAYS_THERE, ApprovalRule, NoticeChannel, NoticeRules, PublicComponent, PublicPage, Translation
from receiver.rules import schema_notices as schema


def build_notices(file: schema.NoticesFile) -> NoticeRules:
    """Everything decisions and the public side need."""
    card, lint = file.card, file.lint
    return NoticeRules(
        page=_page(file.page),
        components={name: _component(name, entry) for name, entry in file.components.items()},
        groups={name: group.name for name, group in file.groups.items()},
        card=card.destination if card else "",
        lead=(card.lead or "") if card else "",
        holding_after=card.holding_after if card else None,
        publish=tuple(file.publish) or ALWAYS_THERE,
        channels={name: _channel(name, entry) for name, entry in file.channels.items()},
        approval=tuple(_approval(entry) for entry in file.approval),
        translation=Translation(file.page.translation),
        remind_before=file.reminders.before,
        remind_late=file.reminders.late,
        quiet={Impact(word): span for word, span in file.quiet.items()},
        undo=file.undo,
        most_updates_an_hour=file.most_updates_an_hour,
        most_messages_an_hour=file.most_messages_an_hour,
        words_allowed=frozenset(word.lower() for word in lint.allow),
        vendors=frozenset(word.lower() for word in lint.vendors),
        sensitive=frozenset(word.lower() for word in lint.sensitive),
        urls_allowed=tuple(filter(None, (file.page.contact, *lint.links))),
    )


def _page(entry: schema.PublicPage) -> PublicPage:
    return PublicPage(names=entry.name, timezone=entry.timezone, languages=tuple(entry.languages), contact=entry.contact or "", logo=entry.logo or "")


def _component(name: str, entry: schema.Component) -> PublicComponent:
    return PublicComponent(
        id=name,
        names=entry.name,
        descriptions=entry.description or {},
        group=entry.group or "",
        order=entry.order,
        only_show_if_degraded=entry.only_show_if_degraded,
    )


def _channel(name: str, entry: schema.NoticeChannel) -> NoticeChannel:
    address = {"chat": entry.chat, "url": entry.url, "page": entry.page, "private": "yes" if entry.allow_private else None}
    return NoticeChannel(
        name=name,
        kind=entry.channel,
        address={key: str(value) for key, value in address.items() if value is not None},
        secret=entry.secret or "",
        language=entry.language,
        delay=entry.delay,
        components=entry.components,
        notifies=entry.notify,
    )


def _approval(entry: schema.Approval) -> ApprovalRule:
    when = entry.when
    return ApprovalRule(
        needed=entry.needed,
        text=when.text or "",
        impacts=frozenset(Impact(word) for word in when.impact),
        components=frozenset(when.component),
        phases=frozenset(Phase(word) for word in when.phase),
        role=entry.role or "",
    )
