"""`project(notice) -> PublicNotice | None`: the one place where something internal becomes public. Called by the notice engine at every commit."""

from receiver.core.notice import Impact, Phase, PublicNotice
from receiver.core.notice_record import Notice, ended_at


def project(notice: Notice) -> PublicNotice | None:
    """What customers may see of it; None as long as nothing was published. Names every field: nothing comes along by itself."""
    told = notice.updates
    if not told or notice.phase is None:
        return None
    spoken = [update for update in told if not update.is_retracted]
    newest = spoken[-1] if spoken else told[-1]
    return PublicNotice(
        id=notice.id,
        phase=notice.phase,
        impact=max((i for u in told for i in u.impacts.values()), key=lambda impact: impact.rank, default=Impact.OPERATIONAL),
        impacts={name: impact for name, impact in notice.impacts.items() if not notice.is_retracted},
        components=() if notice.is_retracted else tuple(dict.fromkeys(name for update in told for name in update.impacts)),
        titles={} if notice.is_retracted else {language: text.title for language, text in newest.texts.items()},
        started_at=min(notice.started_at, told[0].at) if notice.scheduled_for is None else notice.scheduled_for,
        published_at=told[0].at,
        updated_at=max([update.edited_at or update.at for update in told]),
        monitoring_at=next((u.at for u in reversed(told) if u.phase is Phase.MONITORING), None),
        resolved_at=(ended_at(notice) or newest.at) if notice.phase.is_over else None,
        next_update_at=None if notice.phase.is_over else notice.next_update_at,
        scheduled_for=notice.scheduled_for,
        scheduled_until=notice.scheduled_until,
        is_retracted=notice.is_retracted,
        updates=tuple(reversed(told)),
    )
