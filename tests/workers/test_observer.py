"""The numbers behind a decision on scaling, from a real Prometheus with a written past to the message."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from receiver.clients.prometheus import Prometheus, PrometheusUnavailableError
from receiver.core.evidence import Doubt, Flow, Saturated
from receiver.core.remedy import Remedy
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
    "ShopApiErrorRateHigh": "100 * errors_ratio > 1",
}
CURVES = {
    'process_cpu{service="mes-api",instance="mes-api-1"}': lambda h: 0.55 + 0.08 * h + 0.01 * math.sin(40 * h),
    'process_cpu{service="mes-api",instance="mes-api-2"}': lambda _: 0.2,
    'queue_depth{service="message-queue",queue="orders"}': lambda h: 10_000 + 9_000 * h,
    'arriving{queue="orders"}': lambda _: 310,
    'arriving{queue="status"}': lambda _: 40,
    'done{queue="orders"}': lambda _: 240,
    'done{queue="status"}': lambda _: 40,
    'consumers{queue="orders"}': lambda _: 6,
    'consumers{queue="status"}': lambda _: 4,
    'errors_ratio{service="shop-api"}': lambda h: 0.004 if h < 3 else 0.078,
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


async def test_the_instances_beside_the_full_one_are_counted_and_averaged(asked):
    found = await gather(asked, cpu(), BOOK, NOW)
    assert found is not None
    assert found.spread is not None
    assert (found.spread.instances, round(found.spread.mean), found.doubt, found.remedy) == (2, 52, Doubt.NONE, Remedy.HORIZONTAL)


async def test_errors_are_told_what_else_is_full_and_have_no_end(asked):
    failing = cpu(alertname="ShopApiErrorRateHigh", service="shop-api", signal="errors", resource="errors")
    found = await gather(asked, failing, BOOK, NOW)
    assert found is not None
    assert (found.remedy, found.doubt, found.limit, found.runs_out_at) == (Remedy.FIND_CAUSE, Doubt.NONE, None, None)
    assert found.also == (Saturated(service="shop-db", resource="pool"),)


async def test_what_is_full_is_weighed_before_errors(asked):
    full = cpu()
    failing = cpu(alertname="ShopApiErrorRateHigh", service="shop-api", signal="errors", resource="errors")
    found = await gather(asked, replace(full, alerts={**failing.alerts, **full.alerts}), BOOK, NOW)
    assert found is not None
    assert found.resource == "cpu"


async def test_a_queue_is_told_how_many_consumers_it_needs(asked):
    held = Capacity(value="sum by (service) (queue_depth)", limit_by="vector(100000)", arriving="arriving", done="done", workers="consumers")
    book = replace(BOOK, services={**BOOK.services, "message-queue": replace(BOOK.services["message-queue"], capacity={"depth": held})})
    of_one = await gather(asked, cpu(alertname="MessageQueueDepth", service="message-queue", resource="depth", queue="orders"), book, NOW)
    assert of_one is not None
    assert (of_one.remedy, of_one.needed, of_one.with_reserve, of_one.limit) == (Remedy.CONSUMERS, 8, 10, 100_000)
    assert of_one.flow == Flow(arriving=310, done=240, workers=6)
    of_all = await gather(asked, cpu(alertname="MessageQueueDepth", service="message-queue", resource="depth"), book, NOW)
    assert of_all is not None
    assert of_all.flow == Flow(arriving=350, done=280, workers=10)


async def test_a_rule_that_prometheus_does_not_know_gives_no_numbers_and_no_advice(asked):
    found = await gather(asked, cpu(alertname="Gone"), BOOK, NOW)
    assert found is not None
    assert (found.doubt, found.remedy) == (Doubt.NO_NUMBERS, Remedy.UNKNOWN)


async def test_what_is_not_saturated_is_never_asked_about():
    prometheus = Prometheus("http://127.0.0.1:9")
    assert await gather(prometheus, cpu(signal="latency", resource=""), BOOK, NOW) is None
    with pytest.raises(PrometheusUnavailableError) as fault:
        await gather(prometheus, cpu(), BOOK, NOW)
    assert "127.0.0.1" not in str(fault.value)
    await prometheus.close()


async def test_what_prometheus_refuses_is_said_in_its_words(asked):
    with pytest.raises(PrometheusUnavailableError, match=r"HTTP 400: .*parse error"):
        await asked.over("sum(", START, NOW)
