"""The weekly digest as files in both languages: a week of work and a quiet one."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from receiver.channels.digest import tell
from receiver.core.statistics import Flapper, Noise, Spread, Statistics
from tests.builders import NOW
from tests.fakes.bot_entities import parse_entities

GOLDEN = Path(__file__).parent / "digest"
WEEK = {"since": NOW - timedelta(days=7), "until": NOW, "zone": "Europe/Moscow"}
NOTHING = {
    "incidents": 0,
    "open": 0,
    "severities": {},
    "acknowledged": Spread(),
    "resolved": Spread(),
    "unanswered": 0,
    "pages": {},
    "hours": (0,) * 24,
    "noisiest": (),
    "flappers": (),
    "stranded": {},
    "held": 0,
    "false": 0,
}
HOURS = {3: 5, 7: 1, 14: 12, 23: 4}
BUSY = {
    "incidents": 14,
    "open": 1,
    "severities": {"critical": 3, "warning": 9, "info": 2},
    "acknowledged": Spread(count=8, median=timedelta(minutes=4), ninetieth=timedelta(minutes=18), longest=timedelta(minutes=40)),
    "resolved": Spread(count=13, median=timedelta(minutes=35), ninetieth=timedelta(minutes=130), longest=timedelta(hours=9)),
    "unanswered": 5,
    "pages": {"anna": 12, "boris": 7, "devops": 3},
    "hours": tuple(HOURS.get(hour, 0) for hour in range(24)),
    "noisiest": (
        Noise(alert="ShopApiErrorRateHigh", route="critical-services", incidents=5, pages=9, untouched=4),
        Noise(alert="DiskWillFill<b>", route="saturation", incidents=3, pages=1, untouched=0),
        Noise(alert="", route="warnings", incidents=1, pages=0, untouched=1),
        Noise(alert="Fourth", route="warnings", incidents=1, pages=0, untouched=1),
    ),
    "flappers": (
        Flapper(incident="INC-41", service="shop-api", alert="ShopApiErrorRateHigh", returns=4),
        Flapper(incident="INC-12", service="", alert="", returns=2),
    ),
    "stranded": {"alertmanager": 3},
    "held": 2,
    "false": 1,
}
CASES = {
    "busy": BUSY,
    "quiet": NOTHING,
    "one": {**NOTHING, "incidents": 1, "severities": {"critical": 1}, "pages": {f"person-{n}": 1 for n in range(10)}, "hours": (0,) * 14 + (10,) + (0,) * 9},
}


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("case", CASES)
def test_the_week_reads_as_its_file(case, language):
    message = tell(Statistics(**WEEK, **CASES[case]), language, {"anna": "Анна", "boris": "Борис"}, {"shop-api": "Shop API"})
    path = GOLDEN / f"{case}.{language}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(message.html + "\n", "utf-8")
    assert message.html + "\n" == path.read_text("utf-8")
    assert parse_entities(message.html).strip()
    assert message.silent


def test_every_file_has_a_case():
    assert {path.name for path in GOLDEN.glob("*.txt")} == {f"{case}.{language}.txt" for case in CASES for language in ("en", "ru")}
