"""Numbers of the advice as people say them: no more digits than are known, nothing that nobody can count."""

from datetime import timedelta

import pytest

from receiver.channels.evidence_facts import facts_of
from receiver.channels.words import COUNTED, about, unit_of
from receiver.core.evidence import Evidence, Flow
from receiver.core.remedy import Remedy
from tests.builders import NOW

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def facts(language="en", **given):
    return facts_of(Evidence(at=NOW, service="shop-db", resource="depth", span=3 * HOUR, **given), str, language, NOW)


@pytest.mark.parametrize(("per_hour", "unit", "english", "russian"), [
    (5.984, "%", "6 %", "6 %"),
    (0.0521, "s", "0.052 s", "0,052 с"),
    (77_123.4, "messages", "77,000 messages", "77\u00a0000 сообщений"),
    (-2.6, "consumers", "3 consumers", "3 потребителя"),
    (21.2, "connections", "21 connections", "21 соединение"),
    (0.521, "consumers", "", ""),
    (-0.9, "sessions", "", ""),
])  # fmt: skip
def test_a_rate_has_two_digits_and_what_is_counted_is_whole(per_hour, unit, english, russian):
    assert facts("en", per_hour=per_hour, unit=unit, value=1.0)["rate"] == english
    assert facts("ru", per_hour=per_hour, unit=unit, value=1.0)["rate"] == russian


def test_where_nobody_reads_the_queue_has_a_pace_and_the_readers_have_none():
    gone = Flow(arriving=16, done=0, workers=0)
    assert facts(per_hour=57_600.0, unit="messages", value=9_000.0, flow=gone, remedy=Remedy.CONSUMERS)["rate"] == "58,000 messages"
    assert facts(per_hour=-3.0, unit="consumers", value=0.0, flow=gone, remedy=Remedy.CONSUMERS)["rate"] == ""
    assert facts(per_hour=-3.0, unit="consumers", value=2.0, flow=Flow(arriving=16, done=8, workers=2))["rate"] == "3 consumers"


@pytest.mark.parametrize(("unit", "value", "said"), [("connections", 99.7, "100 connections"), ("connections", 1.2, "1 connection"), ("%", 99.7, "99.7 %")])
def test_half_a_connection_is_never_said(unit, value, said):
    assert facts(value=value, unit=unit)["value"] == said


@pytest.mark.parametrize(("length", "down", "nearest", "up"), [
    (9.5 * MINUTE, 9 * MINUTE, 10 * MINUTE, 10 * MINUTE),
    (33 * MINUTE, 30 * MINUTE, 35 * MINUTE, 35 * MINUTE),
    (3 * HOUR + 19 * MINUTE, 3 * HOUR + 10 * MINUTE, 3 * HOUR + 20 * MINUTE, 3 * HOUR + 20 * MINUTE),
    (16 * HOUR + 43 * MINUTE, 16 * HOUR, 17 * HOUR, 17 * HOUR),
    (2 * HOUR, 2 * HOUR, 2 * HOUR, 2 * HOUR),
    (timedelta(0), timedelta(0), timedelta(0), timedelta(0)),
])  # fmt: skip
def test_an_estimate_is_as_exact_as_it_is_worth(length, down, nearest, up):
    assert [about(length, towards) for towards in (-1, 0, 1)] == [down, nearest, up]


def test_the_span_that_is_said_holds_what_was_found():
    end = {"runs_out_at": NOW + 199 * MINUTE, "earliest": NOW + 185 * MINUTE, "latest": NOW + 215 * MINUTE}
    found = facts(value=80.0, limit=100.0, unit="%", **end)
    assert [found[name] for name in ("runs_out_in", "earliest_in", "latest_in")] == ["3 h 20 min", "3 h", "3 h 40 min"]


FORMS = {  # one, two and five of each unit that is a noun
    "messages": "message сообщение сообщения сообщений", "letters": "letter письмо письма писем",
    "connections": "connection соединение соединения соединений", "channels": "channel канал канала каналов",
    "consumers": "consumer потребитель потребителя потребителей", "instances": "instance экземпляр экземпляра экземпляров",
    "sessions": "session сессия сессии сессий", "nodes": "node узел узла узлов", "systems": "system система системы систем", "replicas": "replica реплика реплики реплик",
    "notifications": "notification уведомление уведомления уведомлений",
}  # fmt: skip


def test_every_unit_that_is_a_noun_has_the_form_its_number_asks_for():
    assert set(FORMS) == set(COUNTED)
    for unit, forms in FORMS.items():
        assert [unit_of(1, unit, "en"), *(unit_of(count, unit, "ru") for count in (1, 2, 5))] == [f" {form}" for form in forms.split()]
        assert [unit_of(count, unit, "ru") for count in (11, 21, 112)] == [f" {forms.split()[at]}" for at in (3, 1, 3)]
        assert (unit_of(2, unit, "en"), unit_of(1.5, unit, "ru")) == (f" {unit}", f" {forms.split()[2]}")
