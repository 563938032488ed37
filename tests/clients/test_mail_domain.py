"""SPF, DMARC and DKIM of the sending domain, asked of a real name server on loopback."""

import socket

import pytest

from receiver.cli import doctor_mail
from receiver.clients import mail_domain
from receiver.clients.mail_domain import examine
from receiver.core.notice_rules import NoticeChannel
from receiver.settings import load_settings
from tests.builders import rulebook
from tests.fakes.dns_server import name_server, resolver
from tests.notices.values import rules

GOOD = {
    "shop.example": ["site-verification=x", "v=spf1 include:mail.example -all"],
    "mail.example": ["v=spf1 ip4:192.0.2.1 -all"],
    "_dmarc.shop.example": ["v=DMARC1; p=quarantine; rua=mailto:d@shop.example"],
    "s1._domainkey.shop.example": ["v=DKIM1; k=rsa; p=" + "A" * 300],
}


async def ask(zone, *, domain="shop.example", envelope="shop.example", selector="s1"):
    async with name_server(zone) as (asks, _):
        return await examine(domain, envelope, selector, asks)


async def test_a_domain_with_all_three_is_all_right():
    report = await ask(GOOD)
    assert (list(report.faults), list(report.remarks)) == ([], [])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"shop.example": ["v=spf10 x"]}, "shop.example has no SPF record"),
        ({"shop.example": []}, "shop.example has no SPF record"),
        ({"shop.example": ["v=spf1 -all", "v=spf1 mx -all"]}, "2 SPF records"),
        ({"shop.example": ["v=spf1 a +all"]}, "lets everybody send"),
        ({"shop.example": ["v=spf1 all"]}, "lets everybody send"),
        ({"mail.example": ["v=spf1 a mx a:x.example mx:y.example exists:z ptr include:deep.example -all"], "deep.example": ["v=spf1 a mx a:q a:w -all"]}, "more than 10"),
        ({"mail.example": ["v=spf1 redirect=mail.example"]}, "more than 10"),
        ({"_dmarc.shop.example": ["v=DMARC2"]}, "shop.example has no DMARC record"),
        ({"_dmarc.shop.example": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}, "2 DMARC records"),
        ({"s1._domainkey.shop.example": ["v=DKIM1; p="]}, "no DKIM key at s1._domainkey.shop.example"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_said(changed, said):
    report = await ask(GOOD | changed)
    assert len(report.faults) == 1
    assert said in report.faults[0]


@pytest.mark.parametrize(
    ("changed", "given", "said"),
    [
        ({"shop.example": ["v=spf1 ip4:192.0.2.1"]}, {}, "forbids nobody"),
        ({"_dmarc.shop.example": ["v=DMARC1;p=none"]}, {}, "only watches"),
        ({}, {"selector": ""}, "RECEIVER_SMTP_DKIM_SELECTOR"),
        ({"other.example": ["v=spf1 -all"]}, {"envelope": "other.example"}, "letters return to other.example"),
    ],
)
async def test_what_is_worth_knowing_is_no_fault(changed, given, said):
    report = await ask(GOOD | changed, **given)
    assert not report.faults
    assert [one for one in report.remarks if said in one], report.remarks


async def test_a_domain_below_another_has_its_dmarc():
    zone = {"status.shop.example": ["v=spf1 -all"], "_dmarc.shop.example": GOOD["_dmarc.shop.example"], "s1._domainkey.status.shop.example": ["p=A"]}
    async with name_server(zone) as (asks, asked):
        report = await examine("status.shop.example", "status.shop.example", "s1", asks)
    assert (list(report.faults), list(report.remarks)) == ([], [])
    assert "_dmarc.example" not in asked


async def test_without_a_name_server_nothing_is_claimed(monkeypatch):
    monkeypatch.setattr(mail_domain, "PATIENCE", 0.3)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:  # a port that never answers
        held.bind(("127.0.0.1", 0))
        report = await examine("shop.example", "shop.example", "s1", resolver(held.getsockname()[1]))
    assert not report.faults
    assert "not looked up, no name server answers" in report.remarks[0]


async def test_the_doctor_asks_only_where_customers_get_letters(tmp_path):
    environ = {"HOME": str(tmp_path), "RECEIVER_SECRET_KEY": "k" * 32, "RECEIVER_SMTP_URL": "smtp://mail.example", "RECEIVER_SMTP_FROM": "Shop <status@Shop.example>"}  # fmt: skip
    settings = load_settings(environ | {"RECEIVER_SMTP_DKIM_SELECTOR": "s1"})
    mail = {"mail": NoticeChannel(name="mail", kind="email")}
    async with name_server(GOOD) as (asks, asked):
        assert await doctor_mail.check(settings, rulebook(), asks) == []
        assert await doctor_mail.check(settings, rulebook(notices=rules(channels=mail)), asks) == []
        assert asked == []
        told = rulebook(notices=rules(publish=("page", "mail"), channels=mail))
        assert await doctor_mail.check(settings, told, asks) == [(True, "shop.example: SPF, DMARC and DKIM are there")]
        bounces = load_settings(environ | {"RECEIVER_STATUS_BOUNCES": "b@bounce.shop.example"})
        assert (await doctor_mail.check(bounces, told, asks))[0] == (
            False,
            "bounce.shop.example has no SPF record: one is needed, v=spf1 with what sends for it, then -all",
        )
