"""Pictures: what Telegram takes, what is drawn in whose words, and that drawing is in nobody's way."""

import asyncio
import io
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from receiver.channels.base import NOT_MODIFIED, Evidence, Message
from receiver.channels.graph import draw, serve, title_lines
from receiver.channels.picture import Graph, Line, by_badness, readable, said
from receiver.channels.telegram import TelegramChannel
from receiver.channels.words import figure
from receiver.core.destination import Destination
from receiver.core.trend import Sample
from receiver.workers.easel import DrawingError, Easel
from tests.fakes import bot_api
from tests.fakes.bot_api import BotApi, refusal
from tests.fakes.bot_pictures import size_of
from tests.harness import TOKEN

NOW = datetime(2026, 11, 23, 0, 42, tzinfo=UTC)
CHAT = Destination(name="admin-chat", channel="telegram", address={"chat": -1001, "topic": 7})


def line(name="shop-api-2", *values: float) -> Line:
    held = values or (0.4, 0.4, 7.8, 8.1)
    return Line(name=name, samples=tuple(Sample(at=NOW - timedelta(minutes=20 * (len(held) - 1 - n)), value=v) for n, v in enumerate(held)))


def graph(*lines: Line, **changed) -> Graph:
    held = {"title": "Shop API: 7.8 % of responses are HTTP 500", "threshold": 1.0, "unit": "%", "language": "en", "zone": "Europe/Moscow"}
    return Graph(**{**held, "lines": lines or (line(),), "since": NOW - timedelta(minutes=38), "now": NOW, **changed})


PNG = draw(graph())
OTHER = draw(graph(line("a", 1, 2, 3)))


def shown(picture: bytes = PNG, text: str = "<b>Shop API</b>: 7.8 %") -> Message:
    return Message(html=text, plain=text, silent=True, picture=picture)


class Telegram:
    async def __aenter__(self):
        self.api = await BotApi().__aenter__()
        self.channel = TelegramChannel(TOKEN, self.api.url, budget=10)
        self.text = await self.channel.send(CHAT, Message(html="x", plain="x"))
        return self

    async def __aexit__(self, *_):
        await self.channel.close()
        await self.api.__aexit__()


async def test_a_picture_is_sent_as_a_silent_reply_and_replaced_in_place():
    async with Telegram() as it:
        outcome = await it.channel.send(CHAT, shown(), it.text.ref)
        (sent,) = it.api.pictures()
        assert (outcome.evidence, outcome.ref) == (Evidence.OK, str(sent.id))
        assert (sent.picture, sent.text, sent.reply_to, sent.topic, sent.silent) == (PNG, "Shop API: 7.8 %", int(it.text.ref), 7, True)
        assert (await it.channel.edit(CHAT, outcome.ref, shown(OTHER, "later"))).evidence is Evidence.OK
        assert (it.api.pictures()[0].picture, it.api.pictures()[0].text) == (OTHER, "later")
        same = await it.channel.edit(CHAT, outcome.ref, shown(OTHER, "later"))
        assert (same.evidence, same.reason) == (Evidence.OK, NOT_MODIFIED)


@pytest.mark.parametrize(
    ("picture", "evidence", "reason"),
    [
        (b"GIF89a no picture", Evidence.REFUSED, "image_process_failed"),
        (PNG[:-20], Evidence.REFUSED, "image_process_failed"),
        (PNG + b"x" * (10 << 20), Evidence.UNKNOWN, "Entity Too Large"),
    ],
    ids=["no-png", "cut", "too-large"],
)
async def test_what_the_far_end_does_not_take_is_named(picture, evidence, reason):
    async with Telegram() as it:
        outcome = await it.channel.send(CHAT, shown(picture))
        assert outcome.evidence is evidence
        assert reason.lower() in outcome.reason.lower()
        assert it.api.pictures() == []


async def test_a_caption_is_cut_where_telegram_ends_it_and_sent_plain_where_it_cannot_be_read():
    async with Telegram() as it:
        await it.channel.send(CHAT, shown(text=f"<b>{'🔴' * 900}</b>"))
        assert it.api.pictures()[0].text.endswith("🔴…")
        assert len(it.api.pictures()[0].text.encode("utf-16-le")) // 2 <= 1024
        outcome = await it.channel.send(CHAT, shown(text="a < b"))
        assert (outcome.evidence, outcome.reason[:10], it.api.pictures()[1].text) == (Evidence.OK, "plain_text", "a < b")


@pytest.mark.parametrize(
    ("fault", "evidence"),
    [
        (bot_api.PERFORM_THEN_DROP, Evidence.UNKNOWN),
        (bot_api.THROTTLED, Evidence.THROTTLED),
        (bot_api.BLOCKED, Evidence.DEAD),
        (refusal(400, "Bad Request: not enough rights to send photos to the chat"), Evidence.DEAD),
        (refusal(400, "Bad Request: message thread not found"), Evidence.OK),
    ],
    ids=["dropped", "throttled", "blocked", "no-rights", "no-topic"],
)
async def test_the_wire_is_judged_as_for_texts(fault, evidence):
    async with Telegram() as it:
        it.api.fail("sendPhoto", fault)
        assert (await it.channel.send(CHAT, shown())).evidence is evidence


async def test_a_picture_that_somebody_deleted_cannot_be_replaced():
    async with Telegram() as it:
        assert (await it.channel.edit(CHAT, "999", shown())).evidence is Evidence.UNEDITABLE


KINDS = [("%", 7.8, "7.8\u00a0%", "7,8\u00a0%"), ("s", 0.74, "0.74\u00a0s", "0,74\u00a0с"), ("s", 0.0042, "4.2\u00a0ms", "4,2\u00a0мс")]
KINDS += [
    ("bytes", 3.6 * 1024**3, "3.6\u00a0GiB", "3,6\u00a0ГиБ"),
    ("messages", 48_200, "48,200\u00a0messages", "48\u00a0200\u00a0сообщений"),
    ("/s", 310, "310/s", "310/с"),
]


@pytest.mark.parametrize(("unit", "value", "english", "russian"), KINDS, ids=[f"{unit}-{value}" for unit, value, *_ in KINDS])
def test_values_are_said_with_their_unit_in_the_readers_language(unit, value, english, russian):
    for language, expected in (("en", english), ("ru", russian)):
        made = readable(graph(line("a", value / 2, value), unit=unit, language=language, threshold=None))
        assert said(made.lines[0].samples[-1].value, made) == expected


@pytest.mark.parametrize(
    ("text", "english", "russian"),
    [("7.8", "7.8", "7,8"), ("310000", "310,000", "310\u00a0000"), ("100.0", "100", "100"), ("-0.5", "-0.5", "-0,5"), ("about 5", "about 5", "about 5"), ("1e9", "1e9", "1e9")],
)  # fmt: skip
def test_a_number_of_an_annotation_is_written_as_its_reader_writes_it(text, english, russian):
    assert (figure(text, "en"), figure(text, "ru")) == (english, russian)


def test_a_threshold_is_scaled_with_its_values():
    assert readable(graph(line("a", 4 * 1024**3), unit="bytes", threshold=float(2 * 1024**3))).threshold == 2


def test_the_worst_line_comes_first_and_one_without_numbers_not_at_all():
    lines = [line("low", 1, 2), line("high", 1, 9), line("none", float("nan"))]
    assert [one.name for one in by_badness(lines, is_floor=False)] == ["high", "low"]
    assert [one.name for one in by_badness(lines, is_floor=True)] == ["high", "low"], "both went down to one: by name"


CASES = {
    "ratio": graph(),
    "no-threshold": graph(threshold=None),
    "one-value": graph(line("a", 5.0)),
    "flat-zero": graph(line("a", 0, 0, 0), threshold=0.0),
    "gaps": graph(line("a", 1, float("nan"), 3, float("inf"))),
    "many": graph(*(line(f"shop-api-{n}", n, 9 - n) for n in range(9))),
    "hostile": graph(line("$x_{$ \\frac", 1, 2), line("$$", 2, 1), title="$\\frac{1}{$ <b>" + "w" * 400, unit="$%"),
    "huge": graph(line("a", 1e-12, 1e15)),
    "a-week": graph(line("a", *range(200)), since=NOW - timedelta(days=6)),
    "over": graph(ended=NOW - timedelta(minutes=5), language="ru"),
}


@pytest.mark.parametrize("case", CASES)
def test_whatever_is_measured_becomes_a_small_png(case):
    png = draw(CASES[case])
    assert size_of(png) == (1080, 720)
    assert len(png) < 400_000


def test_the_threshold_is_drawn_where_it_is():
    """Its red is in the picture, and the higher the threshold the higher the line."""

    def row(threshold: float) -> int:
        pixels = Image.open(io.BytesIO(draw(graph(line("a", 0, 10), threshold=threshold)))).convert("RGB").load()
        return max(range(720), key=lambda y: sum(pixels[x, y] == (198, 40, 40) for x in range(150, 1050)))

    assert 200 < row(8.0) < row(5.0) < row(2.0) < 650


def test_a_line_at_nothing_is_seen_whole():
    """The dot of the last value is a circle of blue, as wide as it is high; at the edge of the axes its lower half would be missing."""
    pixels = Image.open(io.BytesIO(draw(graph(line("a", 6, 6, 0, 0), threshold=None)))).convert("RGB").load()
    blue = [(x, y) for x in range(950, 1080) for y in range(300, 720) if pixels[x, y] == (31, 95, 174)]
    (left, right), (top, bottom) = ((min(one), max(one)) for one in zip(*[at for at in blue if at[0] > max(x for x, _ in blue) - 20], strict=True))
    assert abs((right - left) - (bottom - top)) <= 2


def test_a_name_with_a_hyphen_is_not_torn():
    assert title_lines("the disk is busy 99 % of the time on shop-db-1") == ["the disk is busy 99 % of the time on", "shop-db-1"]


def test_ink_on_the_card_is_legible_and_the_card_is_its_own_in_either_theme():
    shown = Image.open(io.BytesIO(PNG)).convert("RGB")
    assert {shown.getpixel(at) for at in ((0, 0), (1079, 0), (0, 719), (1079, 719))} == {(246, 247, 249)}

    def light(colour: tuple[int, ...]) -> float:
        parts = [c / 255 / 12.92 if c / 255 <= 0.03928 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    inks = ((28, 36, 48), (77, 88, 102), (198, 40, 40), (31, 95, 174), (122, 79, 181), (11, 122, 111), (138, 90, 18))
    assert all((light((246, 247, 249)) + 0.05) / (light(ink) + 0.05) >= 4.5 for ink in inks), "WCAG AA for text"


def test_what_cannot_be_drawn_is_answered_with_nothing():
    answers = io.BytesIO()
    serve(io.BytesIO(b"{}\nno json\n"), answers)
    assert answers.getvalue() == bytes(8)


async def test_drawing_does_not_hold_the_loop_and_loads_nothing_here(tmp_path):
    easel, worst, is_over = Easel(tmp_path, limit=60), 0.0, False

    async def watch() -> None:
        nonlocal worst
        while not is_over:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            worst = max(worst, time.perf_counter() - before)

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(watch())
            pictures = [await easel.draw(graph()), await easel.draw(graph(language="ru"))]
            is_over = True
    finally:
        await easel.close()
    assert [size_of(png) for png in pictures] == [(1080, 720)] * 2
    print(f"longest pause of the loop: {worst * 1000:.0f} ms")


async def test_the_service_loads_the_plotting_library_in_no_other_process():
    words = "import sys, receiver.app.run, receiver.workers.painter; print([m for m in sys.modules if m.startswith('matplotlib')])"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", words, stdout=asyncio.subprocess.PIPE)
    assert (await process.communicate())[0] == b"[]\n"


async def test_a_picture_that_takes_too_long_is_given_up_and_the_next_one_is_drawn(tmp_path):
    easel = Easel(tmp_path, limit=0.01)
    try:
        with pytest.raises(DrawingError, match="not drawn within"):
            await easel.draw(graph())
        easel._limit = 60
        assert size_of(await easel.draw(graph())) == (1080, 720)
        easel._process.kill()
        await easel._process.wait()
        assert size_of(await easel.draw(graph())) == (1080, 720), "a process that is gone is begun anew"
        with pytest.raises(DrawingError):
            await easel.draw(graph(lines=()))
    finally:
        await easel.close()


async def test_the_process_ends_when_no_picture_was_wanted_for_a_while(tmp_path):
    easel = Easel(tmp_path, limit=60, idle=0.05)
    await easel.draw(graph())
    process = easel._process
    async with asyncio.timeout(60):
        assert await process.wait() == 0
    await easel.close()
