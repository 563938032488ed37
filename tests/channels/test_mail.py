"""Mail as a mailbox gets it: threads, marks, and mailboxes of which some refuse."""

from dataclasses import replace
from email.utils import parsedate_to_datetime

from receiver.channels.base import Evidence
from receiver.channels.email import MailServer, parse_server
from receiver.core.alert import Severity
from tests.builders import NOW, alert, incident
from tests.channels.ends import CRITICAL, email, place
from tests.fakes.mail_end import PASSWORD

TOLD = incident(alert("shop-api-2", severity=Severity.CRITICAL), **CRITICAL)
TWO = place("email", secret="", to="ops@example.com, boss@example.com")


async def test_a_mail_has_text_and_page_and_the_marks_that_filters_go_by():
    async with email() as end:
        await end.channel.send(end.place, end.message())
        (mail,) = end.held["far"].took
        assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
        assert mail["From"] == "Incidents <incidents@example.com>"
        assert mail["Subject"] == "INC-1 shop-api: 7.8 % of responses are HTTP 500"
        assert (mail["Auto-Submitted"], mail["List-Id"], mail["Importance"]) == ("auto-generated", "Incidents <incidents.example.com>", "high")
        assert (mail["X-Incident-Id"], mail["X-Incident-State"], mail["X-Incident-Severity"]) == ("INC-1", "triggered", "critical")
        assert parsedate_to_datetime(mail["Date"]) == NOW
        page = mail.get_body(("html",)).get_content()
        assert "<b>shop-api: 7.8 % of responses are HTTP 500</b><br>" in page
        assert '<html lang="en">' in page


async def test_it_goes_by_tls_and_signed_in():
    async with email() as end:
        await end.channel.send(end.place, end.message())
        assert end.held["far"].sessions == [{"to": ["ops@example.com"], "from": "incidents@example.com", "tls": True, "auth": True}]


async def test_what_follows_is_in_the_thread_and_keeps_its_subject():
    async with email() as end:
        ref = (await end.channel.send(end.place, end.message())).ref
        other = replace(TOLD, alerts={}, version=9)
        again = await end.channel.send(end.place, end.message(other, "ended", "INC-1.ended.9.there"), ref)
        await end.channel.send(end.place, end.message(other, "reopened", "INC-1.reopened.12.there"), again.ref)
        first, second, third = end.held["far"].took
        assert (second["In-Reply-To"], second["References"]) == (first["Message-ID"], first["Message-ID"])
        assert third["In-Reply-To"] == first["Message-ID"]
        assert {second["Subject"], third["Subject"]} == {f"Re: {first['Subject']}"}
        assert len({first["Message-ID"], second["Message-ID"], third["Message-ID"]}) == 3


async def test_the_same_notification_has_the_same_message_id_at_every_attempt():
    async with email() as end:
        for _ in range(2):
            await end.channel.send(end.place, end.message())
        first, second = end.held["far"].took
        assert first["Message-ID"] == second["Message-ID"]


async def test_mailboxes_that_refuse_are_named_and_the_others_get_their_mail():
    async with email() as end:
        end.held["far"].refuse["boss@example.com"] = "550 5.1.1 no such mailbox"
        outcome = await end.channel.send(TWO, end.message())
        assert outcome.evidence is Evidence.OK
        assert "boss@example.com was refused: 550" in outcome.reason
        assert end.held["far"].sessions[0]["to"] == ["ops@example.com"]


async def test_mailboxes_that_all_ask_to_come_later_are_tried_later():
    async with email() as end:
        end.held["far"].refuse = {"boss@example.com": "450 4.2.0 greylisted", "ops@example.com": "550 5.1.1 no such mailbox"}
        outcome = await end.channel.send(TWO, end.message())
        assert (outcome.evidence, end.texts()) == (Evidence.THROTTLED, [])


async def test_a_wrong_password_is_the_fault_of_the_channel_and_is_not_shown():
    async with email() as end:
        end.channel._server = replace(end.channel._server, password="wrong password that must not leak")
        outcome = await end.channel.send(end.place, end.message())
        assert outcome.evidence is Evidence.DOWN
        assert "must not leak" not in outcome.reason
        assert (await end.channel.check()).evidence is Evidence.DOWN


async def test_a_server_of_another_name_is_not_spoken_to():
    async with email() as end:
        end.channel._server = replace(end.channel._server, host="127.0.0.1")
        outcome = await end.channel.send(end.place, end.message())
        assert outcome.evidence is Evidence.NOT_SENT
        assert "certificate" in outcome.reason.lower()
        assert (await end.channel.check()).evidence is Evidence.NOT_SENT


async def test_a_check_signs_in_and_sends_nothing():
    async with email() as end:
        assert (await end.channel.check()).evidence is Evidence.OK
        assert end.texts() == []


async def test_a_russian_subject_survives_the_way():
    async with email() as end:
        message = replace(end.message(), title="База магазина: занято 100 из 100 соединений")
        await end.channel.send(end.place, message)
        assert end.held["far"].took[0]["Subject"] == "INC-1 База магазина: занято 100 из 100 соединений"


def test_the_address_of_a_server_is_read():
    assert parse_server("smtp://u%40x:p%2Fq@mail.example") == MailServer(host="mail.example", port=587, is_tls=False, starttls=True, user="u@x", password="p/q")
    assert parse_server("smtps://mail.example") == MailServer(host="mail.example", port=465, is_tls=True, starttls=False)
    assert parse_server("smtp://relay:25?starttls=off") == MailServer(host="relay", port=25, is_tls=False, starttls=False)
    assert PASSWORD
