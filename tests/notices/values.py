"""Values for tests of notices, with sensible defaults."""

from datetime import timedelta
from typing import Any

from receiver.core.notice import Impact, NoticeId, Phase, PublicText, Update, UpdateId
from receiver.core.notice_record import Notice, Stage
from receiver.core.notice_rules import NoticeRules, PublicComponent, PublicPage
from tests.builders import NOW


def update(number: int, phase: Phase = Phase.INVESTIGATING, impact: Impact = Impact.PARTIAL_OUTAGE, *, minutes: int = 0, **fields: Any) -> Update:
    """One published word, so many minutes after NOW."""
    texts = {"en": PublicText(title="Checkout has errors", body=f"word {number}"), "ru": PublicText(title="Заказы с ошибками", body=f"слово {number}")}
    base = {"id": UpdateId(f"U{number}"), "phase": phase, "impacts": {"checkout": impact}, "texts": texts, "at": NOW + timedelta(minutes=minutes)}
    return Update(**{**base, **fields})


def notice(*updates: Update, **fields: Any) -> Notice:
    """A published notice of these words, or one that is open and says nothing yet."""
    last = updates[-1] if updates else None
    base: dict[str, Any] = {
        "id": NoticeId("N2345678"),
        "stage": Stage.OPEN,
        "opened_at": NOW,
        "started_at": NOW - timedelta(minutes=4),
        "components": ("checkout",),
        "updates": updates,
        "phase": last.phase if last else None,
        "impacts": last.impacts if last else {},
    }
    return Notice(**{**base, **fields})


def rules(**fields: Any) -> NoticeRules:
    """A page in two languages with one component."""
    page = PublicPage(names={"ru": "Состояние", "en": "Status"}, timezone="Europe/Moscow", languages=("ru", "en"), contact="https://shop.example/support")
    names = {"ru": "Оформление заказов", "en": "Checkout"}
    base: dict[str, Any] = {
        "page": page,
        "components": {"checkout": PublicComponent(id="checkout", names=names)},
        "card": "support-chat",
        "urls_allowed": (page.contact,),
    }
    return NoticeRules(**{**base, **fields})
