"""What people read while Alertmanager holds alerts back, while a signal is lost, and at an end that nobody sent: as files, like the others."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from receiver.channels.render import LANGUAGES
from receiver.core.alert import AlertId
from receiver.core.condition import Condition, ConditionKind
from receiver.core.incident import Incident
from tests.fakes.bot_entities import parse_entities
from tests.golden.test_messages import OVER, RENDERER, SERVICES, after, errors, told

GOLDEN = Path(__file__).parent / "conditions"
NIGHT = after()
SILENCED = Condition(kind=ConditionKind.SILENCED, by="boris", until=after(hours=2))
INHIBITED = Condition(kind=ConditionKind.INHIBITED, by="ShopDbDown")
MUTED = Condition(kind=ConditionKind.MUTED, by="weekends")
PAIR = (errors("shop-api-2"), errors("shop-api-3"))
GONE = tuple(errors(f"shop-api-{n}", firing=False) for n in (2, 3))


def held(condition: Condition, *names: str) -> dict[str, Any]:
    return {"conditions": {AlertId(name): condition for name in names or ("shop-api-2", "shop-api-3")}}


LOST = {"signal_source": "prometheus-dc-1", "signal_lost_at": after(minutes=18)}
CASES: dict[str, tuple[str, Incident]] = {
    "silenced": ("incident", told(*PAIR, **held(SILENCED))),
    "silenced-in-part": ("incident", told(*PAIR, **held(SILENCED, "shop-api-2"))),
    "inhibited": ("incident", told(*PAIR, **held(INHIBITED))),
    "muted": ("incident", told(*PAIR, **held(MUTED))),
    "signal-lost": ("incident", told(*GONE, **LOST)),
    "signal-lost-while-firing": ("incident", told(*PAIR, **LOST)),
    "unconfirmed": ("incident", told(*GONE, signal_source="prometheus-dc-1")),
    "ended-silenced": ("ended", told(*GONE, **OVER, **held(SILENCED))),
    "ended-inhibited": ("ended", told(*GONE, **OVER, **held(INHIBITED))),
    "ended-muted": ("ended", told(*GONE, **OVER, **held(MUTED))),
    "ended-cleared": ("incident", told(*GONE, **OVER, **held(Condition(kind=ConditionKind.CLEARED)))),
    "ended-gone": ("ended", told(*GONE, **OVER, **held(Condition(kind=ConditionKind.GONE)))),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_the_message_reads_as_its_file(case: str, language: str) -> None:
    kind, shown = CASES[case]
    zone = "Europe/Moscow" if language == "ru" else "UTC"
    message = RENDERER.render(kind, shown, language=language, timezone=zone, now=NIGHT + timedelta(minutes=39), services=SERVICES, args={})
    path = GOLDEN / f"{case}.{language}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(message.html + "\n", "utf-8")
    assert message.html + "\n" == path.read_text("utf-8")
    assert parse_entities(message.html).strip()


def test_every_file_has_a_case() -> None:
    assert {p.name for p in GOLDEN.glob("*.txt")} == {f"{case}.{language}.txt" for case in CASES for language in LANGUAGES}
