"""A page with something of everything: open trouble, planned work, the past, a correction, a withdrawal, a translation that follows."""

from dataclasses import replace
from datetime import datetime, timedelta

from receiver.core.notice import Impact, NoticeId, Phase, PublicNotice, PublicText, Update, UpdateId
from receiver.core.notice_rules import PublicComponent
from receiver.web.status.edition import Edition, Site

NOW = datetime.fromisoformat("2026-11-23T11:35:00+00:00")  # 14:35 in Moscow
SITE = Site(
    names={"ru": "Состояние Александрита", "en": "Alexandrite status"},
    languages=("ru", "en"),
    timezone="Europe/Moscow",
    contact="https://shop.example/support",
    components=(
        PublicComponent(id="storefront", names={"ru": "Каталог и корзина", "en": "Catalogue and cart"}, group="shop"),
        PublicComponent(id="checkout", names={"ru": "Оформление заказов", "en": "Checkout"}, group="shop", descriptions={"ru": "Корзина, оплата, подтверждение", "en": "Cart, payment, confirmation"}),
        PublicComponent(id="order-status", names={"ru": "Статусы заказов", "en": "Order status"}, group="orders"),
        PublicComponent(id="partners", names={"ru": "Кабинет партнёра", "en": "Partner area"}, only_show_if_degraded=True),
    ),
    groups={"shop": {"ru": "Интернет-магазин", "en": "Shop"}, "orders": {"ru": "Заказы", "en": "Orders"}},
    base_url="https://status.example",
    logo='<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path fill="#0d9488" d="M0 0h9v9H0z"/></svg>',
)  # fmt: skip


def word(number: int, phase: Phase, at: datetime, impacts: dict[str, Impact], **texts: tuple[str, str]) -> Update:
    """One published word; texts by language: title and body."""
    said = {language: PublicText(title=title, body=body) for language, (title, body) in texts.items()}
    return Update(id=UpdateId(f"U{number}"), phase=phase, impacts=impacts, texts=said, at=at)


def notice(notice_id: str, *updates: Update, **fields) -> PublicNotice:
    """A notice of these words, oldest first."""
    newest, first = updates[-1], updates[0]
    base = {
        "id": NoticeId(notice_id),
        "phase": newest.phase,
        "impact": max((i for u in updates for i in u.impacts.values()), key=lambda impact: impact.rank, default=Impact.OPERATIONAL),
        "impacts": newest.impacts,
        "components": tuple(dict.fromkeys(name for u in updates for name in u.impacts)),
        "titles": {language: text.title for language, text in newest.texts.items()},
        "started_at": first.at - timedelta(minutes=5),
        "published_at": first.at,
        "updated_at": max(u.edited_at or u.at for u in updates),
        "resolved_at": newest.at if newest.phase.is_over else None,
        "updates": tuple(reversed(updates)),
    }
    return PublicNotice(**{**base, **fields})


def outage() -> PublicNotice:
    """Open, promised for 14:45, corrected once."""
    title = {"ru": "Часть заказов не оформляется", "en": "Some orders cannot be placed"}
    begun = word(1, Phase.INVESTIGATING, NOW - timedelta(minutes=28), {"checkout": Impact.MAJOR_OUTAGE},
        ru=(title["ru"], "Оплата на сайте временно работает с ошибками.\n\nМы уже разбираемся."), en=(title["en"], "Payment on the site fails at times.\n\nWe are looking into it."))  # fmt: skip
    found = word(2, Phase.IDENTIFIED, NOW - timedelta(minutes=9), {"checkout": Impact.PARTIAL_OUTAGE},
        ru=(title["ru"], "Нашли причину и уже чиним. Каталог и статусы заказов работают.\nОплаченные заказы не потеряются."),
        en=(title["en"], "We have found the cause and are fixing it. The catalogue and order status work.\nPaid orders will not be lost."))  # fmt: skip
    return notice("N7K2QRST", begun, replace(found, edited_at=NOW - timedelta(minutes=6)), next_update_at=NOW + timedelta(minutes=10))


def work() -> PublicNotice:
    """Planned for tomorrow night, told in Russian alone so far."""
    start = datetime.fromisoformat("2026-11-24T00:00:00+00:00")
    told = word(3, Phase.SCHEDULED, NOW - timedelta(days=1), {"order-status": Impact.OPERATIONAL},
        ru=("Плановые работы: статусы заказов", "С 03:00 до 04:00 статусы заказов не будут обновляться."))  # fmt: skip
    return notice("NWORK234", told, scheduled_for=start, scheduled_until=start + timedelta(hours=1), started_at=start, impact=Impact.UNDER_MAINTENANCE)


def over() -> PublicNotice:
    """Of last week, with one word withdrawn."""
    at = NOW - timedelta(days=3)
    begun = word(4, Phase.INVESTIGATING, at, {"storefront": Impact.DEGRADED_PERFORMANCE}, ru=("Каталог открывается медленно", "Разбираемся."), en=("The catalogue is slow", "We are looking into it."))  # fmt: skip
    wrong = replace(word(5, Phase.MONITORING, at + timedelta(minutes=20), {}), is_retracted=True, edited_at=at + timedelta(minutes=25))
    ended = word(6, Phase.RESOLVED, at + timedelta(minutes=47), {"storefront": Impact.OPERATIONAL}, ru=("Каталог открывается медленно", "Всё работает. Заказы не потеряны."), en=("The catalogue is slow", "Everything works. No orders were lost."))  # fmt: skip
    return notice("NPAST234", begun, wrong, ended)


def withdrawn() -> PublicNotice:
    """Published by mistake."""
    gone = replace(word(7, Phase.INVESTIGATING, NOW - timedelta(days=40), {}), is_retracted=True, edited_at=NOW - timedelta(days=40, minutes=-5))
    return notice("NGONE234", gone, impact=Impact.OPERATIONAL, is_retracted=True, components=(), titles={}, impacts={})


def edition(*notices: PublicNotice, **fields) -> Edition:
    """What the page is made from; without notices, with one of everything."""
    told = notices or (outage(), work(), over(), withdrawn())
    return Edition(**{"site": SITE, "notices": tuple(told), "as_of": NOW, "now": NOW, **fields})


def quiet() -> Edition:
    """Nothing ever happened."""
    return Edition(site=SITE, notices=(), as_of=NOW, now=NOW)
