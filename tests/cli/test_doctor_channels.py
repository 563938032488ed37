"""`receiver doctor` on channels: each thing that is missing or wrong has its line, and nothing is sent."""

import pytest

from receiver.cli.doctor_channels import check_channels
from receiver.core.rulebook import Person
from receiver.settings import SettingsError, load_settings
from tests.builders import rulebook
from tests.channels.ends import MOST_TOKEN, ROUTING_KEY, place
from tests.fakes.mail_end import PASSWORD, USER, mail_end

GIVEN = {"RECEIVER_SECRET_KEY": "k" * 32, "HOME": "/tmp"}


async def lines(place, trust=None, **environ):
    found = await check_channels(load_settings({**GIVEN, **environ}), rulebook(place), trust)
    return {where: (is_ok, text) for where, is_ok, text in found}


async def test_a_secret_that_is_missing_is_named():
    assert (await lines(place("pagerduty", "PD")))["destination there"] == (False, "RECEIVER_SECRET_PD is not set")


async def test_an_integration_key_is_looked_at():
    assert (await lines(place("pagerduty", "PD"), RECEIVER_SECRET_PD=ROUTING_KEY))["destination there"] == (True, "pagerduty")
    is_ok, text = (await lines(place("pagerduty", "PD"), RECEIVER_SECRET_PD="short secret"))["destination there"]
    assert not is_ok
    assert "short secret" not in text


async def test_an_address_of_the_long_tail_is_read_and_not_shown():
    assert (await lines(place("longtail", "MM"), RECEIVER_SECRET_MM=f"mmosts://chat.example/{MOST_TOKEN}"))["destination there"] == (True, "Mattermost")
    is_ok, text = (await lines(place("sms", "MM"), RECEIVER_SECRET_MM=f"bogus://{MOST_TOKEN}"))["destination there"]
    assert not is_ok
    assert MOST_TOKEN not in text


async def test_a_persons_own_way_is_looked_at_too():
    book = rulebook(people={"anna": Person(id="anna", name="Анна", channels={"sms": place("longtail", "ANNA_SMS")})})
    (line,) = [one for one in await check_channels(load_settings(GIVEN), book) if "anna" in one[0]]
    assert line == ("anna by sms", False, "RECEIVER_SECRET_ANNA_SMS is not set")


async def test_a_hook_without_a_signature_is_remarked_on():
    assert (await lines(place("webhook", "", url="https://hooks.example/x")))["destination there"][0]


async def test_mail_without_a_server_is_a_fault_only_where_mail_is_wanted():
    assert (await lines(place("email", "", to="ops@example.com")))["mail"] == (False, "RECEIVER_SMTP_URL is not set, no mail for there")
    assert (await lines(place("webhook", "", url="https://hooks.example/x")))["mail"] == (True, "off")


async def test_the_mail_server_lets_us_in_or_says_why_not():
    async with mail_end() as far:
        for password, is_right in ((PASSWORD, True), ("wrong", False)):
            url = f"smtp://{USER}:{password.replace(' ', '%20')}@localhost:{far.port}"
            given = {"RECEIVER_SMTP_URL": url, "RECEIVER_SMTP_FROM": "incidents@example.com"}
            is_ok, text = (await lines(place("email", "", to="ops@example.com"), trust=far.trust, **given))["mail"]
            assert is_ok is is_right, text
            assert PASSWORD not in text
        assert far.took == []


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp://mail.example:0", "smtp://mail.example?starttls=maybe"])
def test_a_wrong_mail_server_is_a_wrong_setting(url):
    with pytest.raises(SettingsError, match="RECEIVER_SMTP_URL"):
        load_settings({**GIVEN, "RECEIVER_SMTP_URL": url, "RECEIVER_SMTP_FROM": "a@example.com"})


@pytest.mark.parametrize("given", [{"RECEIVER_SMTP_URL": "smtp://mail.example"}, {"RECEIVER_SMTP_FROM": "a@example.com"}])
def test_server_and_sender_belong_together(given):
    with pytest.raises(SettingsError, match="RECEIVER_SMTP_FROM"):
        load_settings({**GIVEN, **given})


@pytest.mark.parametrize("sender", ["nobody", "a@b>", "Incidents <x>", "a@example.com, b@example.com", "x\r\nBcc: y@example.com"])
def test_a_wrong_sender_is_a_wrong_setting(sender):
    with pytest.raises(SettingsError, match="RECEIVER_SMTP_FROM"):
        load_settings({**GIVEN, "RECEIVER_SMTP_URL": "smtp://mail.example", "RECEIVER_SMTP_FROM": sender})
