"""The numbers behind a decision on scaling, as words a template can say. Pure; called by `channels.view`."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from receiver.channels.visible import visible
from receiver.channels.words import COUNTED, about, number, rounded, span, unit_of
from receiver.core.evidence import Doubt, Evidence, Saturated, is_unread
from receiver.core.remedy import find_futile

RESOURCES: Mapping[str, Mapping[str, str]] = {
    "en": {"cpu": "CPU", "io": "disk I/O", "pool": "connections", "depth": "queue depth"},
    "ru": {
        "cpu": "CPU", "memory": "память", "disk": "диск", "io": "дисковый ввод-вывод", "pool": "соединения", "connections": "соединения",
        "depth": "глубина очереди", "sessions": "сессии", "threads": "потоки", "channels": "каналы", "outbox": "исходящие",
    },
}  # fmt: skip
OTHERS = 4
_SLOW = 0.001  # of the limit an hour: less is no movement


def facts_of(evidence: Evidence | None, name_of: Callable[[str], str], language: str, now: datetime) -> dict[str, object]:
    """What the template says; empty when nothing is saturated. `name_of` gives a system's name in the reader's language."""
    if evidence is None:
        return {}

    def number_of(value: float | None) -> str:
        if value is None:
            return ""
        said = round(value) if evidence.unit in COUNTED else rounded(value)
        return number(said, language) + unit_of(said, visible(evidence.unit, 20), language)

    flow = evidence.flow
    return {
        "resource": _resource(evidence.resource, language),
        "value": number_of(evidence.value),
        "limit": number_of(evidence.limit),
        "is_rising": (evidence.per_hour or 0) > 0,
        "rate": _rate(evidence, number_of),
        "over": span(evidence.span, language),
        **_end(evidence, language, now),
        "arriving": number(flow.arriving, language) if flow else "",
        "done": number(flow.done, language) if flow else "",
        "gap": number(flow.arriving - flow.done, language) if flow and flow.arriving > flow.done else "",
        "workers": flow.workers if flow else 0,
        "is_unread": is_unread(flow),
        "instances": evidence.spread.instances if evidence.spread else 0,
        "mean": number_of(evidence.spread.mean if evidence.spread else None),
        "mean_then": number_of(_mean_then(evidence)),
        "needed": evidence.needed,
        "with_reserve": evidence.with_reserve,
        "also": [_other(one, name_of, language) for one in evidence.also[:OTHERS]],
        "more": max(0, len(evidence.also) - OTHERS),
        "remedy": evidence.remedy.value,
        "futile": find_futile(evidence.remedy, evidence.resource).value,
        "postpones": span(about(evidence.postpones), language) if evidence.postpones else "",
        "of": evidence.resource,
        "doubt": evidence.doubt.value,
    }


def _mean_then(evidence: Evidence) -> float | None:
    """How full the instances are once there are as many as needed."""
    return evidence.spread.mean * evidence.spread.instances / evidence.needed if evidence.spread and evidence.needed else None


def _rate(evidence: Evidence, number_of: Callable[[float | None], str]) -> str:
    """How much an hour, with two digits, for a line through hours is no better known; nothing for a value that stands still or sways, that counts
    less than one of something, or that fell because nobody is left to count."""
    rate = float(f"{abs(evidence.per_hour or 0.0):.2g}")
    stands = rate <= _SLOW * abs(evidence.limit or evidence.value or 0.0) or (evidence.unit in COUNTED and rate < 1)
    gone = is_unread(evidence.flow) and (evidence.per_hour or 0.0) < 0
    return "" if stands or gone or evidence.doubt in (Doubt.SHORT, Doubt.UNSTEADY) else number_of(rate)


def _end(evidence: Evidence, language: str, now: datetime) -> dict[str, str]:
    """From now until the limit; empty when no end is in sight, `latest_in` alone when there may be none. Rounded so that the span holds what was found."""
    left = {"runs_out_in": (evidence.runs_out_at, 0), "earliest_in": (evidence.earliest, -1), "latest_in": (evidence.latest, 1)}
    return {name: span(about(max(at - now, timedelta(0)), towards), language) if at else "" for name, (at, towards) in left.items()}


def _other(one: Saturated, name_of: Callable[[str], str], language: str) -> str:
    resource = _resource(one.resource, language)
    return f"{name_of(one.service)} ({resource})" if resource else name_of(one.service)


def _resource(resource: str, language: str) -> str:
    return RESOURCES[language].get(resource) or visible(resource, 40)
