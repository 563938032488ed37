"""Alerting rules for a world that goes faster: what takes minutes is seen within seconds. Used by `stack`; thresholds stay as they are."""

import re
from typing import Any

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d+)(ms|[smhdw])\b")
_RANGE = re.compile(r"\[[^\]]+\]|\boffset\s+\w+")
_DAYS = re.compile(r"ratio_rate\d+d\b")
_LASTING = re.compile(r"(?<=rate\()([^\[\]()]*)\[(30m|1h|6h)\]")
_SOONER = {"30m": "10m", "1h": "20m", "6h": "2h"}
_FORESEEN = re.compile(r"(predict_linear\(.*?,\s*)((?:\d+ \* )?\d+)\)")


def shorter(text: str, speed: float, least: int = 1) -> str:
    """A duration of Prometheus's as it is in a world so many times faster; at least so many seconds."""
    seconds = sum(int(amount) * _UNITS[unit] for amount, unit in _DURATION.findall(text))
    return f"{max(least, round(seconds / speed))}s" if seconds else text


def hasten(rules: dict[str, Any], speed: float, least: int = 1, every: str = "1s") -> dict[str, Any]:
    """A rules file with every `for`, range, offset and look ahead shortened; groups are evaluated as often as there is something new to read.

    Rates over half an hour and more, by which a burning error budget is known, are a third of that: they outlast a fault by themselves.
    `least` is the shortest `for`, in seconds: where it were one scrape, a single late answer would be an outage, which it is not in life.
    Alerts on days past are left out: a world that began a minute ago has none, and would take one outage for three bad days.
    """
    kept = [(group, [rule for rule in group["rules"] if "alert" not in rule or not _DAYS.search(rule["expr"])]) for group in rules["groups"]]
    return {"groups": [{**group, "interval": every, "rules": [_rule(rule, speed, least) for rule in found]} for group, found in kept]}


def _rule(rule: dict[str, Any], speed: float, least: int) -> dict[str, Any]:
    quick = {**rule, "expr": _expression(rule["expr"], speed)}
    if "for" in rule:
        quick["for"] = shorter(rule["for"], speed, least)
    return quick


def _expression(text: str, speed: float) -> str:
    text = _LASTING.sub(lambda m: f"{m[1]}[{_SOONER[m[2]]}]", text)
    text = _RANGE.sub(lambda m: _DURATION.sub(lambda d: shorter(d[0], speed), m[0]), text)
    return _FORESEEN.sub(lambda m: f"{m[1]}{m[2]} / {speed:g})", text)
