"""The picture of an alert: its own expression around the incident, as a PNG a phone can show. Called by `workers.painter`.

Drawn on a card of its own, so that it reads the same in a light and in a dark chat. No pyplot: it keeps global state and is not safe in threads.
"""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from receiver.channels.words import number
from receiver.core.trend import Sample

WIDTH, HEIGHT, DOTS = 7.2, 4.2, 150
MOST_LINES = 5
_CARD, _INK, _SOFT, _GRID = "#ffffff", "#1c2430", "#5b6675", "#dfe4ea"
_LINES = ("#2563a8", "#7a4fb5", "#0f7f74", "#a8641c", "#55606e")
_LIMIT = "#c62828"
_TEXTS = {
    "en": {"threshold": "threshold", "now": "now", "more": "and {} more", "since": "since"},
    "ru": {"threshold": "порог", "now": "сейчас", "more": "и ещё {}", "since": "с"},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One measured series with what tells it from the others."""

    name: str
    samples: Sequence[Sample]


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """What is drawn; instants in UTC, shown in `zone`. `percent` multiplies ratios by a hundred."""

    title: str
    lines: Sequence[Line]
    since: datetime
    now: datetime
    zone: str
    language: str
    threshold: float | None = None
    unit: str = ""
    ended: datetime | None = None


def draw(picture: Picture) -> bytes:
    """The PNG, 1080 x 630; raises ValueError when there is nothing to draw."""
    lines = [line for line in picture.lines if any(math.isfinite(s.value) for s in line.samples)]
    if not lines:
        raise ValueError("no samples")
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DOTS, facecolor=_CARD)
    axes = figure.add_axes((0.11, 0.12, 0.86, 0.7), facecolor=_CARD)
    shown = sorted(lines, key=_peak, reverse=True)[:MOST_LINES]
    for colour, line in zip(_LINES, shown, strict=False):
        axes.plot([_x(s.at) for s in line.samples], [s.value for s in line.samples], color=colour, linewidth=2.2, label=line.name, solid_capstyle="round")
    _scale(axes, picture, shown)
    _mark(axes, picture, shown[0])
    _head(figure, picture)
    if len(shown) > 1:
        more = len(lines) - len(shown)
        title = _TEXTS[picture.language]["more"].format(more) if more else None
        axes.legend(loc="upper left", fontsize=8.5, frameon=True, facecolor=_CARD, edgecolor=_GRID, labelcolor=_INK, title=title, title_fontsize=8)
    held = io.BytesIO()
    figure.savefig(held, format="png")
    return held.getvalue()


def _peak(line: Line) -> float:
    return max((s.value for s in line.samples if math.isfinite(s.value)), default=-math.inf)


def _scale(axes: Axes, picture: Picture, lines: Sequence[Line]) -> None:
    values = [s.value for line in lines for s in line.samples if math.isfinite(s.value)]
    known = [*values, *([picture.threshold] if picture.threshold is not None else [])]
    low, high = min(known), max(known)
    room = (high - low) * 0.14 or abs(high) * 0.2 or 1.0
    axes.set_ylim(min(0.0, low) if low < room * 4 else low - room, high + room)
    ending = picture.unit if picture.unit == "%" else f" {picture.unit}" if 0 < len(picture.unit) <= 3 else ""
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(float(value), picture.language) + ending))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlim(min(_x(s.at) for line in lines for s in line.samples), _x(picture.now + (picture.now - picture.since) * 0.03))
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=6))
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M", tz=ZoneInfo(picture.zone)))
    axes.tick_params(colors=_SOFT, labelsize=9.5, length=0)
    axes.grid(color=_GRID, linewidth=0.8)
    for side in axes.spines.values():
        side.set_visible(False)


def _mark(axes: Axes, picture: Picture, first: Line) -> None:
    words, zone = _TEXTS[picture.language], ZoneInfo(picture.zone)
    if picture.threshold is not None:
        axes.axhline(picture.threshold, color=_LIMIT, linewidth=1.6, linestyle=(0, (5, 3)))
        said = f"{words['threshold']} {number(picture.threshold, picture.language)}{_unit(picture)}"
        axes.annotate(
            said, (1, picture.threshold), xycoords=("axes fraction", "data"), xytext=(-4, 4), textcoords="offset points",
            color=_LIMIT, fontsize=9.5, ha="right", path_effects=[withStroke(linewidth=3, foreground=_CARD)],
        )  # fmt: skip
    axes.axvspan(_x(picture.since), _x(picture.ended or picture.now), color=_LIMIT, alpha=0.07, linewidth=0)
    axes.axvline(_x(picture.since), color=_SOFT, linewidth=1.2)
    axes.annotate(
        f"{picture.since.astimezone(zone):%H:%M}", (_x(picture.since), 1), xycoords=("data", "axes fraction"), xytext=(4, -12), textcoords="offset points",
        color=_INK, fontsize=9.5, fontweight="bold",
    )  # fmt: skip
    last = next((s for s in reversed(first.samples) if math.isfinite(s.value)), None)
    if last is not None:
        axes.plot([_x(last.at)], [last.value], marker="o", markersize=7, color=_LINES[0], markeredgecolor=_CARD)


def _head(figure: Figure, picture: Picture) -> None:
    words = _TEXTS[picture.language]
    worst = max(picture.lines, key=_peak)
    last = next((s.value for s in reversed(worst.samples) if math.isfinite(s.value)), math.nan)
    figure.text(0.03, 0.925, _fit(picture.title, 60), color=_INK, fontsize=12.5, fontweight="bold")
    figure.text(0.03, 0.86, f"{words['now']} {number(last, picture.language)}{_unit(picture)}", color=_SOFT, fontsize=10.5)


def _x(instant: datetime) -> float:
    """Matplotlib's own count of days."""
    return float(date2num(instant))


def _unit(picture: Picture) -> str:
    return f" {picture.unit}" if picture.unit else ""


def _fit(text: str, length: int) -> str:
    """Matplotlib reads `$…$` as mathematics; a title is text."""
    text = text.replace("$", r"\$")
    return text if len(text) <= length else text[: length - 1] + "…"
