"""What people read of a cause and its symptoms, in both languages: `UPDATE_GOLDEN=1` writes the files, otherwise they must match."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from receiver.core.alert import Severity
from receiver.core.incident import IncidentId
from receiver.core.part import Part, Symptom
from tests.golden.test_messages import NIGHT, OVER, RENDERER, SERVICES, TAKEN, after, errors, paged, pool, told

GOLDEN = Path(__file__).parent / "correlation"
LINK = Part(
    cause="INC-414", service="shop-db", way=("internet-shop", "shop-api", "shop-db"), where="services.yaml:11", since=NIGHT, look_at=NIGHT,
    name="ShopDbPoolExhausted", notes={"summary": "100 of 100 connections in use", "summary_ru": "занято 100 из 100 соединений"},
)  # fmt: skip
API = Symptom(
    service="shop-api", severity=Severity.CRITICAL, firing=2, name="ShopApiErrorRateHigh", where="services.yaml:29", taken_by="Борис",
    notes={"summary": "7.8 % of responses are HTTP 500", "summary_ru": "7,8 % ответов с ошибкой 500"},
)  # fmt: skip
SHOP = replace(API, service="internet-shop", name="InternetShopErrorRateHigh", notes={}, taken_by="", where="services.yaml:11")
BESIDE = replace(API, service="shop-db", name="ShopDbSlowQueries", notes={}, taken_by="", where="")
WIDE = {"INC-420": BESIDE, **{f"INC-{430 + n}": replace(SHOP, service=name) for n, name in enumerate(("shop-api",) * 6 + ("internet-shop", "crm-api"))}}
BOTH = {IncidentId("INC-412"): API, IncidentId("INC-413"): SHOP}
DB = pool(severity=Severity.CRITICAL)
CASES = {
    "part": ("incident", told(errors("shop-api-2"), part=LINK), {}),
    "part-taken": ("incident", told(errors("shop-api-2"), part=LINK, **TAKEN), {}),
    "part-why": ("why", told(errors("shop-api-2"), part=LINK), {}),
    "cause": ("incident", told(DB, symptoms=BOTH), {}),
    "cause-many": ("incident", told(DB, symptoms={IncidentId(f"INC-{500 + n}"): SHOP for n in range(9)}), {}),
    "cause-wide": ("incident", told(DB, symptoms={IncidentId(name): one for name, one in WIDE.items()}), {}),
    "cause-and-more-of-it": ("incident", told(DB, symptoms={IncidentId("INC-420"): BESIDE, **BOTH}), {}),
    "cause-why": ("why", told(DB, symptoms=BOTH, **paged(0)), {}),
    "cause-over": ("ended", told(replace(DB, status=DB.status.RESOLVED), symptoms={IncidentId("INC-412"): API}, **OVER), {}),
    "left": ("your_turn", told(errors("shop-api-2"), **paged(0)), {"because": "cause_over", "by": "INC-414", "waited": "60"}),
    "split-off": ("your_turn", told(errors("shop-api-2"), **paged(0)), {"because": "split", "by": "Вера", "waited": "60"}),
    "affects-more": ("incident", told(DB, symptoms=BOTH, **paged(0)), {"because": "symptom", "waited": "60"}),
}


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", CASES)
def test_a_cause_and_its_symptoms_read_as_they_should(name, language):
    kind, incident, args = CASES[name]
    made = RENDERER.render(kind, incident, language=language, timezone="Europe/Moscow", now=after(minutes=40), services=SERVICES, args=args).plain
    path = GOLDEN / f"{name}.{language}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(made + "\n", "utf-8")
    assert path.read_text("utf-8") == made + "\n"
