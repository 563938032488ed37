"""What must not leave the house is found; what may be said is not."""

import pytest

from receiver.core.lint import Finding, Secrets, is_sensitive, lint, values_of
from receiver.core.notice import Impact, Phase
from receiver.core.notice_record import Draft, Text
from receiver.core.notice_rules import Translation
from receiver.core.notice_text import KEYS, Saying
from tests.builders import NOW
from tests.notices.flow import TEXTS
from tests.notices.values import rules

SECRETS = Secrets(
    values=values_of(["critical", "prod", "shop-api", "ShopDbPoolExhausted", "disk on db-canary7 is full", "http://prometheus.local:9090/graph", "abc"]),
    people=frozenset({"Анна", "Oleg"}),
)


def draft(body: str, title: str = "Оформление заказов: ошибки", **fields) -> Draft:
    base = {
        "origin": "errors", "phase": Phase.INVESTIGATING, "impacts": {"checkout": Impact.PARTIAL_OUTAGE}, "channels": ("page",),
        "texts": {"ru": Text(title=title, body=body), "en": Text(title="Checkout: errors", body="Some orders fail.")},
        "proposed_at": NOW, "next_update_at": NOW,
    }  # fmt: skip
    return Draft(**{**base, **fields})


def found(one: Draft, firing: int = 1, **rule: object) -> set[Finding]:
    return {remark.finding for remark in lint(one, rules(**rule), SECRETS, firing)}


LEAKS = {
    "упал application-server-123": Finding.HOST,
    "сервис db-1.internal не отвечает": Finding.HOST,
    "проверьте status.alexandrite.example": Finding.HOST,
    "localhost лежит": Finding.HOST,
    "адрес 10.0.0.5": Finding.ADDRESS,
    "адрес fe80::1ff:fe23": Finding.ADDRESS,
    "порт 5432": Finding.ADDRESS,
    "на :8080": Finding.ADDRESS,
    "см. https://wiki.local/x": Finding.LINK,
    "см. https://shop.example/support.evil.com": Finding.LINK,
    "см. https://shop.example/support/admin": Finding.LINK,
    "пишите в t.me/secret_group": Finding.LINK,
    "NullPointerException": Finding.ERROR_TEXT,
    'File "app.py", line 12': Finding.ERROR_TEXT,
    "Traceback (most recent call last)": Finding.ERROR_TEXT,
    "смотрите INC-412": Finding.ERROR_TEXT,
    "лог в /var/log/app.log": Finding.PATH,
    "версия 2.14.3": Finding.VERSION,
    "123456:AAE-test-token-that-must-not-leak": Finding.SECRET,
    "пароль: qwerty": Finding.SECRET,
    "пишите a.b@example.com": Finding.MAILBOX,
    "пишите @anna_ops": Finding.MAILBOX,
    "звоните +7 (495) 123-45-67": Finding.PHONE,
    "ваш заказ 123456": Finding.NUMBER,
    "обращение № 4711": Finding.NUMBER,
    "этим занята Анна": Finding.PERSON,
    "спросите Анну": Finding.PERSON,
    "Oleg is on it": Finding.PERSON,
    "сломался RabbitMQ": Finding.VENDOR,
    "виноват Cloudflare": Finding.VENDOR,
    "ошибка 503": Finding.HTTP_CODE,
    "HTTP 200": Finding.HTTP_CODE,
    "shop-api не отвечает": Finding.LABEL_VALUE,
    "Shop\u200b-API не отвечает": Finding.LABEL_VALUE,
    "ｓｈｏｐ-api не отвечает": Finding.LABEL_VALUE,
    "ShopDbPoolExhausted": Finding.LABEL_VALUE,
    "на db-canary7 кончилось место": Finding.LABEL_VALUE,
    "disk on db-canary7 is full": Finding.LABEL_VALUE,
    "среда prod": Finding.LABEL_VALUE,
    "уровень critical": Finding.LABEL_VALUE,
}


@pytest.mark.parametrize("text", LEAKS)
def test_what_must_not_leave_the_house_blocks(text):
    remarks = lint(draft(f"Часть заказов не проходит: {text}."), rules(), SECRETS, 1)
    assert LEAKS[text] in {remark.finding for remark in remarks if remark.is_block}


@pytest.mark.parametrize(
    "text",
    [
        "Часть заказов не проходит. Каталог, корзина и оплаченные заказы не затронуты.\n\nМы уже разбираемся. Напишем снова до 14:35.",
        "Затронуто 12,5 % заказов, т.е. каждый восьмой; около 500 рублей вернём сами. Напишем снова до 14:35.",
        "Вопросы: https://shop.example/support",
        "Мы продолжаем production-заказы по почте: 450 заказов принято.",
        "С 23 ноября 14:02 по 14:51 MSK оплата шла с задержкой до 11:59pm.",
        "abc",
    ],
)
def test_what_customers_may_read_passes(text):
    assert found(draft(text)) == set()


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("Восстановим заказы через 20 минут.", Finding.FORECAST),
        ("Checkout will be fixed within 2 hours.", Finding.FORECAST),
        ("Сервер перезагружается, заказы ждут.", Finding.JARGON),
        ("We apologize for the inconvenience.", Finding.JARGON),
        ("ВНИМАНИЕ, заказы не проходят.", Finding.CAPITALS),
        ("заказы " * 80, Finding.LONG),
    ],
)
def test_what_reads_badly_asks(text, finding):
    remarks = lint(draft(text), rules(), SECRETS, 1)
    assert [(r.finding, r.is_block) for r in remarks if r.finding is finding][:1] == [(finding, False)]


def test_a_text_that_does_not_say_what_it_is_about_asks():
    assert Finding.COMPONENT_ABSENT in found(draft("Всё медленно.", title="Неполадки"))
    assert Finding.COMPONENT_ABSENT not in found(draft("Мы чиним оформление заказа.", title="Неполадки"))


def test_a_missing_language_blocks_or_asks_by_the_rules():
    one = draft("Заказы не проходят.")
    without = draft("Заказы не проходят.", texts={"ru": one.texts["ru"]})
    assert found(without) == {Finding.LANGUAGE_MISSING}
    assert all(r.is_block for r in lint(without, rules(), SECRETS, 1))
    assert not any(r.is_block for r in lint(without, rules(translation=Translation.PUBLISH_READY), SECRETS, 1))
    assert found(without, translation=Translation.PRIMARY_ONLY) == set()


def test_an_empty_text_blocks():
    assert found(draft(" ")) == {Finding.EMPTY}


def test_an_end_while_alerts_fire_asks():
    assert Finding.STILL_FIRING in found(draft("Оформление заказов работает.", phase=Phase.RESOLVED))
    assert Finding.STILL_FIRING not in found(draft("Оформление заказов работает.", phase=Phase.RESOLVED), firing=0)


def test_words_the_rules_allow_pass():
    assert found(draft("Заказы принимает RabbitMQ."), words_allowed=frozenset({"rabbitmq"})) == set()
    assert found(draft("Среда prod.", title="Оформление заказов"), words_allowed=frozenset({"prod"})) == set()


def test_names_of_components_are_public_whatever_labels_say():
    secrets = Secrets(values=values_of(["checkout", "Оформление заказов"]))
    assert lint(draft("Оформление заказов и Checkout."), rules(), secrets, 1) == ()


@pytest.mark.parametrize("key", KEYS)
def test_our_own_texts_pass_our_own_lint(key):
    book = rules()
    said = TEXTS.compose(key, Saying(components=tuple(book.components.values()), since=NOW, next_at=NOW, now=NOW), book)
    one = draft("", origin=key, texts={language: Text(title=t.title, body=t.body) for language, t in said.items()})
    assert lint(one, book, SECRETS, 0) == ()
    assert not is_sensitive(one, book)
