"""Component states and the history of days, worked out from what customers were told. Pure; used by the status page and its API."""

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from receiver.core.notice import ComponentState, Day, Impact, NoticeId, Phase, PublicNotice

Span = tuple[datetime, datetime, Impact, NoticeId]


def states(components: Collection[str], notices: Iterable[PublicNotice]) -> dict[str, ComponentState]:
    """Each component now: the worst that an open notice says of it. Planned work counts once it is in progress."""
    found = {name: ComponentState(id=name) for name in components}
    for notice in sorted(notices, key=lambda n: n.started_at):
        if not notice.is_open or notice.phase is Phase.SCHEDULED:
            continue
        for name, impact in notice.impacts.items():
            was = found.get(name)
            if was is None or impact is Impact.OPERATIONAL:
                continue
            worse = impact.rank > was.impact.rank
            found[name] = ComponentState(
                id=name,
                impact=impact if worse else was.impact,
                since=_since(notice, name) if worse else was.since,
                notices=(*was.notices, notice.id),
            )
    return found


def indicator(states_now: Mapping[str, ComponentState]) -> str:
    """Statuspage's word for the whole page: none, minor, major, critical or maintenance; computed, never typed."""
    worst = max((state.impact for state in states_now.values()), key=lambda impact: impact.rank, default=Impact.OPERATIONAL)
    return _INDICATORS[worst]


_INDICATORS = {
    Impact.OPERATIONAL: "none",
    Impact.UNDER_MAINTENANCE: "maintenance",
    Impact.DEGRADED_PERFORMANCE: "minor",
    Impact.PARTIAL_OUTAGE: "major",
    Impact.MAJOR_OUTAGE: "critical",
}


def days(component: str, notices: Iterable[PublicNotice], zone: ZoneInfo, now: datetime, count: int = 90) -> tuple[Day, ...]:
    """The last `count` days of a component, oldest first, today included. Where notices overlap, the worst counts."""
    spans = [span for notice in notices if not notice.is_retracted for span in _spans(notice, component, now)]
    today = now.astimezone(zone).date()
    return tuple(_day(today - timedelta(days=back), spans, zone, now) for back in range(count - 1, -1, -1))


def _day(day: date, spans: Sequence[Span], zone: ZoneInfo, now: datetime) -> Day:
    start = datetime.combine(day, time(), zone).astimezone(UTC)
    end = min(datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC), now)
    inside = [(max(a, start), min(b, end), impact, name) for a, b, impact, name in spans if a < end and b > start]
    if not inside:
        return Day(date=day.isoformat())
    edges = sorted({edge for a, b, _, _ in inside for edge in (a, b)})
    seconds: dict[Impact, float] = {}
    for left, right in itertools.pairwise(edges):
        covering = [impact for a, b, impact, _ in inside if a <= left and b >= right]
        if covering:
            worst = max(covering, key=lambda impact: impact.rank)
            seconds[worst] = seconds.get(worst, 0) + (right - left).total_seconds()
    minutes = {impact: max(1, round(total / 60)) for impact, total in seconds.items()}
    return Day(date=day.isoformat(), minutes=minutes, notices=tuple(dict.fromkeys(name for *_, name in inside)))


def _spans(notice: PublicNotice, component: str, now: datetime) -> Iterator[Span]:
    """From the start of the trouble to the word that said otherwise."""
    told = [update for update in reversed(notice.updates) if not update.is_retracted and component in update.impacts]
    for index, update in enumerate(told):
        impact = Impact.OPERATIONAL if update.phase is Phase.SCHEDULED else update.impacts[component]
        begin = notice.started_at if index == 0 and not notice.is_maintenance else update.at
        end = told[index + 1].at if index + 1 < len(told) else (notice.resolved_at or now) if notice.phase.is_over else now
        if impact is not Impact.OPERATIONAL and end > begin:
            yield begin, end, impact, notice.id


def _since(notice: PublicNotice, component: str) -> datetime:
    """When it entered the state it is in."""
    current = notice.impacts[component]
    at = notice.started_at
    for update in notice.updates:
        if update.is_retracted or component not in update.impacts:
            continue
        if update.impacts[component] is not current:
            return at
        at = update.at
    return at if notice.is_maintenance else notice.started_at
