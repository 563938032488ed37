"""The numbers behind a decision on scaling, from a real Prometheus with a written past to the message."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from receiver.clients.prometheus import Prometheus, PrometheusUnavailableError
from receiver.core.evidence import Doubt, Remedy, Saturated
from receiver.core.rulebook import Capacity
from receiver.rules.load import load_rules
from receiver.workers.observer import BACK, gather
from tests.builders import NOW, alert, incident
from tests.fakes.prometheus_history import prometheus_with
from tests.harness import ROOT

BOOK = load_rules(ROOT / "routing_rules")
START = NOW - BACK - timedelta(minutes=30)
RULES = {
    "MesApiCpuSaturated": 'max by (service, instance) (process_cpu{service="mes-api"}) > 0.8',
    "MessageQueueDepth": "sum by (service) (queue_depth) > 40000",
}
CURVES = {
    'process_cpu{service="mes-api",instance="mes-api-1"}': lambda h: 0.55 + 0.08 * h + 0.01 * math.sin(40 * h),
    'process_cpu{service="mes-api",instance="mes-api-2"}': lambda _: 0.2,
    'queue_depth{service="message-queue",queue="orders"}': lambda h: 10_000 + 9_000 * h,
    "arriving": lambda _: 310,
    "done": lambda _: 240,
    "consumers": lambda _: 6,
    'ALERTS{alertname="X",alertstate="firing",signal="saturation",service="shop-db",resource="pool"}': lambda _: 1,
}


def cpu(**changed):
    said = {"alertname": "MesApiCpuSaturated", "service": "mes-api", "signal": "saturation", "resource": "cpu", **changed}
    made = alert("mes-api-1", **said)
    return incident(replace(made, annotations={"unit": "%", "summary": "CPU"}))


@pytest.fixture
async def asked(tmp_path):
    async with prometheus_with(tmp_path, CURVES, RULES, START, NOW) as url:
        prometheus = Prometheus(url)
        yield prometheus
        await prometheus.close()


async def test_a_filling_service_gets_its_trend_its_end_and_its_remedy(asked):
    found = await gather(asked, cpu(), BOOK, NOW)
    assert found is not None
    assert (found.service, found.resource, found.unit, found.remedy, found.doubt) == ("mes-api", "cpu", "%", Remedy.HORIZONTAL, Doubt.NONE)
    assert found.value == pytest.approx(83, abs=1.5)
    assert found.per_hour == pytest.approx(8, abs=0.7)
    assert found.limit == 100
    assert found.runs_out_at is not None
    assert abs(found.runs_out_at - (NOW + timedelta(hours=2.1))) < timedelta(minutes=25)
    assert found.also == (Saturated(service="shop-db", resource="pool"),)


async def test_a_queue_is_told_how_many_consumers_it_needs(asked):
    held = Capacity(value="sum by (service) (queue_depth)", limit_by="vector(100000)", arriving="arriving", done="done", workers="consumers")
    book = replace(BOOK, services={**BOOK.services, "message-queue": replace(BOOK.services["message-queue"], capacity={"depth": held})})
    found = await gather(asked, cpu(alertname="MessageQueueDepth", service="message-queue", resource="depth"), book, NOW)
    assert found is not None
    assert (found.remedy, found.needed, found.with_reserve, found.limit) == (Remedy.CONSUMERS, 8, 10, 100_000)


async def test_a_rule_that_prometheus_does_not_know_gives_no_numbers_and_no_advice(asked):
    found = await gather(asked, cpu(alertname="Gone"), BOOK, NOW)
    assert found is not None
    assert (found.doubt, found.remedy) == (Doubt.NO_NUMBERS, Remedy.UNKNOWN)


async def test_what_is_not_saturated_is_never_asked_about():
    prometheus = Prometheus("http://127.0.0.1:9")
    assert await gather(prometheus, cpu(signal="errors"), BOOK, NOW) is None
    with pytest.raises(PrometheusUnavailableError) as fault:
        await gather(prometheus, cpu(), BOOK, NOW)
    assert "127.0.0.1" not in str(fault.value)
    await prometheus.close()


async def test_what_prometheus_refuses_is_said_in_its_words(asked):
    with pytest.raises(PrometheusUnavailableError, match=r"HTTP 400: .*parse error"):
        await asked.over("sum(", START, NOW)
