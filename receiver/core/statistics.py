"""How the work with incidents goes: how long until somebody answers, whom it wakes and when, what makes the noise. Pure.

Called by `web.statistics` and `workers.digest` with what the store kept; `measure` by the engine, for the metrics of one decision. Every event
counts by its own instant: an incident of last week that is answered today counts among today's answers, and not among today's incidents.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from receiver.core.condition import ConditionKind
from receiver.core.history import Episode, Past, TimelineEntry, episodes
from receiver.core.incident import Incident, State
from receiver.core.plan import Plan, Reason

SHOWN = 10
RETURNS = 2  # an incident that came back this often flaps
STRANDED = frozenset({ConditionKind.CLEARED, ConditionKind.GONE})
HOLDS = frozenset({Reason.HELD_TRUNCATED, Reason.HELD_UNCONFIRMED, Reason.SIGNAL_LOST})
_TRUE_ENDS = frozenset({Reason.ALL_RESOLVED, Reason.RESOLVED_BY_HAND})
_FIRED_AGAIN = frozenset({Reason.ALERTS_CHANGED, Reason.GOT_WORSE, Reason.SIGNAL_BACK, Reason.VOIDED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """How long something took: of `count` times the middle one, the one that nine of ten do not exceed, the longest."""

    count: int = 0
    median: timedelta = timedelta(0)
    ninetieth: timedelta = timedelta(0)
    longest: timedelta = timedelta(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Noise:
    """One rule's share: incidents it took part in, pages of those, and how many of them ended without anybody's hand."""

    alert: str
    route: str
    incidents: int
    pages: int
    untouched: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Flapper:
    """An incident that ended and came back `returns` times."""

    incident: str
    service: str
    alert: str
    returns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Statistics:
    """What happened from `since` to `until` (UTC). `hours` are pages by hour of the day in `zone`; `unanswered` ended with nobody's acknowledgement.

    `stranded` counts, by source, alerts that ended because Alertmanager was asked and no resolve came. Of the recoveries that were `held` back,
    `false` ones were followed by the alert firing again. `is_cut` when there was more history than is looked at.
    """

    since: datetime
    until: datetime
    zone: str
    incidents: int
    open: int
    severities: Mapping[str, int]
    acknowledged: Spread
    resolved: Spread
    unanswered: int
    pages: Mapping[str, int]
    hours: tuple[int, ...]
    noisiest: tuple[Noise, ...]
    flappers: tuple[Flapper, ...]
    stranded: Mapping[str, int]
    held: int
    false: int
    is_cut: bool = False


def summarize(pasts: Sequence[Past], since: datetime, until: datetime, zone: str, *, is_cut: bool = False) -> Statistics:
    """Count everything that happened in [since, until)."""
    told = [past for past in pasts if past.incident.announced_at]
    inside = [one for past in told for one in episodes(past) if _is_in(one.began_at, since, until)]
    answered = [one.answered_at - one.began_at for past in told for one in episodes(past) if one.answered_at and _is_in(one.answered_at, since, until)]
    ended = [one for past in told for one in episodes(past) if one.ended_at and _is_in(one.ended_at, since, until)]
    begun = [past for past in told if _is_in(past.incident.opened_at, since, until)]
    rung = [sent for past in told for sent in past.messages if sent.is_page and sent.sent_at and _is_in(sent.sent_at, since, until)]
    by_hour = Counter(sent.sent_at.astimezone(ZoneInfo(zone)).hour for sent in rung if sent.sent_at)
    held, false = _held(told, since, until)
    return Statistics(
        since=since,
        until=until,
        zone=zone,
        incidents=len(inside),
        open=sum(past.incident.is_open for past in told),
        severities=dict(Counter(past.incident.severity.value for past in begun).most_common()),
        acknowledged=spread(answered),
        resolved=spread([one.ended_at - one.began_at for one in ended if one.ended_at]),
        unanswered=sum(not one.answered_at and one.ended_because != Reason.RESOLVED_BY_HAND for one in ended),
        pages=dict(sorted(Counter(sent.person or sent.to for sent in rung).items(), key=lambda one: (-one[1], one[0]))),
        hours=tuple(by_hour[hour] for hour in range(24)),
        noisiest=_noisiest(told, since, until),
        flappers=_flappers(told, since, until),
        stranded=_stranded(told, since, until),
        held=held,
        false=false,
        is_cut=is_cut,
    )


def spread(spans: Iterable[timedelta]) -> Spread:
    """By nearest rank: a span that was measured, never one between two."""
    found = sorted(max(one, timedelta(0)) for one in spans)
    if not found:
        return Spread()
    return Spread(count=len(found), median=found[(len(found) - 1) // 2], ninetieth=found[-(-len(found) * 9 // 10) - 1], longest=found[-1])


def _is_in(at: datetime, since: datetime, until: datetime) -> bool:
    return since <= at < until


def _noisiest(told: Sequence[Past], since: datetime, until: datetime) -> tuple[Noise, ...]:
    incidents: Counter[tuple[str, str]] = Counter()
    pages: Counter[tuple[str, str]] = Counter()
    untouched: Counter[tuple[str, str]] = Counter()
    for past in told:
        inside = [one for one in episodes(past) if _is_in(one.began_at, since, until)]
        if not inside:
            continue
        route = past.incident.route.route_id if past.incident.route else ""
        rung = sum(1 for sent in past.messages if sent.is_page and sent.sent_at and _is_in(sent.sent_at, since, until))
        for name in dict.fromkeys(past.names):
            incidents[name, route] += len(inside)
            pages[name, route] += rung
            untouched[name, route] += sum(_is_untouched(one) for one in inside)
    order = sorted(incidents, key=lambda rule: (-incidents[rule], -pages[rule], rule))
    return tuple(Noise(alert=r[0], route=r[1], incidents=incidents[r], pages=pages[r], untouched=untouched[r]) for r in order[:SHOWN])


def _is_untouched(one: Episode) -> bool:
    return one.ended_at is not None and one.answered_at is None and one.ended_because != Reason.RESOLVED_BY_HAND


def _flappers(told: Sequence[Past], since: datetime, until: datetime) -> tuple[Flapper, ...]:
    found = []
    for past in told:
        inside = Counter(entry.reason for entry in past.timeline if _is_in(entry.at, since, until))
        returns = inside[Reason.REOPENED] + inside[Reason.FLAPPING] // 2  # what is held is an end and a return in turn
        if returns >= RETURNS:
            found.append(Flapper(incident=past.incident.id, service=_service(past.incident), alert=next(iter(past.names), ""), returns=returns))
    return tuple(sorted(found, key=lambda one: (-one.returns, one.incident))[:SHOWN])


def _stranded(told: Sequence[Past], since: datetime, until: datetime) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for past in told:
        ended_at = past.incident.resolved_at
        if ended_at and _is_in(ended_at, since, until):
            found[past.incident.source] += sum(one.kind in STRANDED for one in past.incident.conditions.values())
    return {source: count for source, count in sorted(found.items()) if count}


def _held(told: Sequence[Past], since: datetime, until: datetime) -> tuple[int, int]:
    """Recoveries that were held back, and those of them after which it fired again. One that is held on counts once."""
    held = false = 0
    for past in told:
        is_holding = False
        for entry in past.timeline:
            if not is_holding and _is_hold(entry):
                is_holding = True
                held += _is_in(entry.at, since, until)
            elif is_holding and entry.reason in (_TRUE_ENDS | _FIRED_AGAIN):
                is_holding = False
                false += entry.reason in _FIRED_AGAIN and _is_in(entry.at, since, until)
    return held, false


def _is_hold(entry: TimelineEntry) -> bool:
    """Of a lost signal only what held an end back names the source; the rest says that it is lost while alerts fire."""
    return entry.reason in HOLDS and (entry.reason != Reason.SIGNAL_LOST or bool(entry.text))


def _service(incident: Incident) -> str:
    return incident.route.group_labels.get("service", "") if incident.route else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What one decision says for the metrics: the time until the first answer, until the end, and whether a recovery was held back.
    `is_return`: it fires again after its end, or while that is held because it flaps.
    """

    acknowledged_in: timedelta | None = None
    resolved_in: timedelta | None = None
    is_begin: bool = False
    is_return: bool = False
    is_hold: bool = False


def measure(plan: Plan) -> Measured:
    """Of an incident that somebody was told of; nothing of any other."""
    before, after = plan.before, plan.next
    if after.announced_at is None or not plan.is_change:
        return Measured()
    is_end = after.state is State.RESOLVED and before.state is not State.RESOLVED
    is_answer = after.answered_at is not None and before.answered_at is None
    return Measured(
        acknowledged_in=after.answered_at - after.began_at if is_answer and after.answered_at else None,
        resolved_in=after.resolved_at - before.began_at if is_end and after.resolved_at else None,
        is_begin=plan.reason in (Reason.OPENED, Reason.COLLECTED, Reason.REOPENED) or (plan.reason is Reason.FLAPPING and not before.is_open),
        is_return=before.announced_at is not None and after.begins != before.begins,
        is_hold=plan.reason in HOLDS and not before.is_firing,
    )
