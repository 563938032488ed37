"""The picture of an alert: its own expression around the incident, as a PNG a phone can show. Run as a process by `workers.easel`.

Drawn on a light card of its own with dark ink, so that it reads the same in a light and in a dark chat, and in letters that can be read when the
picture is as wide as a phone. No pyplot: it keeps global state. A process of its own, because loading the library and drawing hold
Python's lock for longer than webhooks may wait.
"""

import io
import math
import os
import sys
import textwrap
from datetime import datetime, timedelta
from typing import BinaryIO
from zoneinfo import ZoneInfo

import msgspec
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from receiver.channels.picture import Graph, latest, said
from receiver.channels.words import clock

WIDTH, HEIGHT, DOTS = 7.2, 4.8, 150
MOST_LINES = 4
WRAP, TITLE_LINES = 44, 2
STEPS = tuple(timedelta(minutes=one) for one in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360))
MOST_TICKS = 6
_CARD, _INK, _SOFT, _GRID = "#f6f7f9", "#1c2430", "#4d5866", "#d5dae1"
_LINES = ("#1f5fae", "#7a4fb5", "#0b7a6f", "#8a5a12")
_LIMIT = "#c62828"
_WORDS = {
    "en": {"threshold": "threshold", "now": "now", "more": "and {} more", "since": "since", "ended": "over at", "last": "at the end"},
    "ru": {"threshold": "порог", "now": "сейчас", "more": "и ещё {}", "since": "с", "ended": "конец в", "last": "в конце"},
}


def draw(graph: Graph) -> bytes:
    """The PNG, 1080 x 720; raises ValueError when there is no line to draw."""
    if not graph.lines:
        raise ValueError("nothing to draw")
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DOTS, facecolor=_CARD)
    axes = figure.add_axes((0.135, 0.105, 0.835, _head(figure, graph) - 0.105 - 0.065), facecolor=_CARD)
    shown = graph.lines[:MOST_LINES]
    for colour, line in reversed(list(zip(_LINES, shown, strict=False))):
        axes.plot([_x(s.at) for s in line.samples], [s.value for s in line.samples], color=colour, linewidth=2.6, solid_capstyle="round")
    _scale(axes, graph)
    _mark(axes, graph)
    if len(graph.lines) > 1:
        _name(axes, graph)
    held = io.BytesIO()
    figure.savefig(held, format="png")
    return held.getvalue()


def _scale(axes: Axes, graph: Graph) -> None:
    shown = graph.lines[:MOST_LINES]
    known = [s.value for line in shown for s in line.samples if math.isfinite(s.value)] + ([] if graph.threshold is None else [graph.threshold])
    low, high = min(known), max(known)
    room = (high - low) * 0.16 or abs(high) * 0.2 or 1.0
    axes.set_ylim(min(0.0, low) - room / 4 if low < (high - low) else low - room, high + room)  # a line at nothing is seen whole
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: said(float(value), graph, is_short=True)))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    first = min(graph.now - timedelta(minutes=1), *(s.at for line in shown for s in line.samples))
    axes.set_xlim(_x(first), _x(graph.now + (graph.now - first) * 0.03))
    _ticks(axes, first, graph)
    axes.tick_params(colors=_SOFT, labelsize=14, length=0, pad=6)
    axes.tick_params(axis="x", pad=12)  # clear of the lowest value's label, where a time stands in the corner
    axes.grid(color=_GRID, linewidth=1)
    for side in axes.spines.values():
        side.set_visible(False)


def _ticks(axes: Axes, first: datetime, graph: Graph) -> None:
    """Three to six round times of the reader's zone."""
    zone = ZoneInfo(graph.zone)
    step = next((one for one in STEPS if (graph.now - first) / one <= MOST_TICKS), STEPS[-1])
    offset = first.astimezone(zone).utcoffset() or timedelta(0)
    ahead = (first.timestamp() + offset.total_seconds()) % step.total_seconds()
    found, at = [], first + timedelta(seconds=step.total_seconds() - ahead)
    while at <= graph.now:
        found.append(at)
        at += step
    axes.set_xticks([_x(one) for one in found], [f"{one.astimezone(zone):%H:%M}" for one in found])


def _x(instant: datetime) -> float:
    return instant.timestamp()


def _mark(axes: Axes, graph: Graph) -> None:
    words, halo = _WORDS[graph.language], [withStroke(linewidth=4, foreground=_CARD)]
    left, right = axes.get_xlim()
    since, until = max(left, _x(graph.since)), _x(graph.ended or graph.now)
    axes.axvspan(since, until, color=_LIMIT, alpha=0.08, linewidth=0)
    axes.axvline(since, color=_INK, linewidth=1.4, linestyle=(0, (2, 2)))
    is_late = (since - left) / (right - left) > 0.6
    axes.annotate(
        f"{words['since']} {clock(graph.since, graph.zone, graph.now, graph.language)}", (since, 1), xycoords=("data", "axes fraction"), xytext=(-6 if is_late else 6, -16),
        textcoords="offset points", color=_INK, fontsize=14, fontweight="bold", ha="right" if is_late else "left", path_effects=halo,
    )  # fmt: skip
    if graph.threshold is not None:
        axes.axhline(graph.threshold, color=_LIMIT, linewidth=2, linestyle=(0, (5, 3)))
        axes.annotate(
            f"{words['threshold']} {said(graph.threshold, graph, is_short=True)}", (0, graph.threshold), xycoords=("axes fraction", "data"), xytext=(6, 6),
            textcoords="offset points", color=_LIMIT, fontsize=14, fontweight="bold", path_effects=halo,
        )  # fmt: skip
    last = latest(graph.lines[0])
    if last is not None:
        axes.plot([_x(last.at)], [last.value], marker="o", markersize=10, color=_LINES[0], markeredgecolor=_CARD, markeredgewidth=2)


def _head(figure: Figure, graph: Graph) -> float:
    """What it is and how it stands, above the axes; how high that reaches down."""
    words, last = _WORDS[graph.language], latest(graph.lines[0])
    lines = title_lines(graph.title)
    figure.text(0.035, 0.955, "\n".join(lines), color=_INK, fontsize=17, fontweight="bold", va="top", parse_math=False, linespacing=1.15)
    parts = [f"{words['last' if graph.ended else 'now']} {said(last.value, graph)}"] if last else []
    if graph.ended:
        parts.append(f"{words['ended']} {clock(graph.ended, graph.zone, graph.now, graph.language)}")
    height = 0.875 - 0.073 * len(lines) + 0.045
    figure.text(0.035, height, " · ".join(parts), color=_LINES[0], fontsize=16, fontweight="bold", va="center", parse_math=False)
    return height


def title_lines(title: str) -> list[str]:
    """As much of a title as has room, names such as `shop-db-1` whole."""
    short = textwrap.shorten(title, WRAP * TITLE_LINES - 6, placeholder=" …") or title[: WRAP - 1]
    return textwrap.wrap(short, WRAP, break_on_hyphens=False)[:TITLE_LINES]


def _name(axes: Axes, graph: Graph) -> None:
    """Several series: which colour is whose."""
    shown = graph.lines[:MOST_LINES]
    held = [Line2D([], [], color=colour, linewidth=3, label=line.name) for colour, line in zip(_LINES, shown, strict=False)]
    more = len(graph.lines) - len(shown)
    if more:
        held.append(Line2D([], [], linewidth=0, label=_WORDS[graph.language]["more"].format(more)))
    legend = axes.legend(handles=held, loc="best", fontsize=12, frameon=True, facecolor=_CARD, edgecolor=_GRID, labelcolor=_INK, framealpha=0.85)
    for text in legend.get_texts():
        text.set_parse_math(False)


def serve(asked: BinaryIO, answers: BinaryIO) -> None:
    """One JSON graph a line in; four bytes of length and the PNG out, no length for what can't be drawn. Ends with its input."""
    decoder = msgspec.json.Decoder(Graph)
    while line := asked.readline():
        try:
            png = draw(decoder.decode(line))
        except (ValueError, msgspec.DecodeError):
            png = b""
        answers.write(len(png).to_bytes(4, "big") + png)
        answers.flush()


if __name__ == "__main__":
    os.nice(5)  # a picture gives way to everything else on the machine
    serve(sys.stdin.buffer, sys.stdout.buffer)
