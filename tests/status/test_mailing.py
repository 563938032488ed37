"""One word to all its readers by a real SMTP server: headers, threads, who gets it once, who comes back, and what nobody knows."""

from email.message import EmailMessage
from pathlib import Path

from receiver.channels.base import Evidence
from receiver.core.notice import Phase, PublicNotice, PublicText
from receiver.core.notice_public import project
from receiver.core.subscriber import Standing
from tests.builders import NOW
from tests.notices.values import notice, update
from tests.status.desk import Desk, desk, link, plain


def told(*updates, **fields) -> PublicNotice:
    found = project(notice(*(updates or (update(1),)), **fields))
    assert found is not None
    return found


async def send(d: Desk, one: PublicNotice, **fields):
    return await d.mailing.send(one, one.updates[0], f"{one.updates[0].id}:1", **fields)


def by_recipient(d: Desk) -> dict[str, EmailMessage]:
    return {to: letter for _, to, letter in d.mail.letters}


async def test_every_reader_gets_a_letter_of_their_own_in_their_language(tmp_path: Path):
    async with desk(tmp_path) as d:
        await d.subscribe("anna@example.org", "ru")
        await d.subscribe("bob@example.org", "en")
        tally = await send(d, told())
        assert (tally.outcome.evidence, tally.total, tally.sent, tally.failed) == (Evidence.OK, 2, 2, 0)
        letters = by_recipient(d)
        assert letters["anna@example.org"]["Subject"] == "[Оформление заказов] Разбираемся — Заказы с ошибками"
        english = letters["bob@example.org"]
        assert english["Subject"] == "[Checkout] Investigating — Checkout has errors"
        assert english["To"] == "bob@example.org"
        assert "anna" not in english.as_string()
        said = plain(english)
        for line in ("word 1", "Checkout: Partial outage", "https://status.example/status/en/notices/N2345678", "UTC+3"):
            assert line in said
        assert english.get_body(("html",)) is not None
        assert [part.get_content_type() for part in english.iter_parts()] == ["text/plain", "text/html"], "the text part comes first"


async def test_letters_carry_what_mailbox_providers_ask_for(tmp_path: Path):
    async with desk(tmp_path) as d:
        await d.subscribe("bob@example.org")
        await send(d, told())
        letter = by_recipient(d)["bob@example.org"]
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert letter["List-Unsubscribe"].startswith("<https://status.example/status/en/unsubscribe/")
        assert letter["Auto-Submitted"] == "auto-generated"
        assert letter["From"] == "Alexandrite <status@shop.example>"
        answer = await d.http.post(letter["List-Unsubscribe"].strip("<>"), data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        d.mail.letters.clear()
        second = told(update(1), update(2, Phase.IDENTIFIED, minutes=5))
        assert (await send(d, second)).total == 0
        assert d.mail.letters == []
        assert link(letter, "unsubscribe")


async def test_letters_follow_nobody(tmp_path: Path):
    async with desk(tmp_path) as d:
        await d.subscribe("reader@example.org")
        await send(d, told())
        (letter,) = by_recipient(d).values()
        page = letter.get_body(("html",)).get_content()
        assert "<img" not in page
        details = next(part for part in page.split('"') if "/notices/" in part)
        assert details == "https://status.example/status/en/notices/N2345678", "the link to the notice is the same for everybody"


async def test_a_notice_is_one_thread(tmp_path: Path):
    async with desk(tmp_path) as d:
        await d.subscribe("bob@example.org")
        await d.subscribe("eve@example.org")
        await send(d, told())
        first = by_recipient(d)
        await send(d, told(update(1), update(2, Phase.RESOLVED, minutes=9)))
        second = by_recipient(d)
        assert first["bob@example.org"]["References"] == second["bob@example.org"]["References"]
        assert first["bob@example.org"]["Message-ID"] != second["bob@example.org"]["Message-ID"]
        assert first["bob@example.org"]["References"] != first["eve@example.org"]["References"], "nobody learns of other readers"


async def test_a_reader_hears_of_the_components_they_chose(tmp_path: Path):
    async with desk(tmp_path) as d:
        await d.subscribe("some@example.org", component=["storefront"])
        await d.subscribe("all@example.org")
        await send(d, told())
        assert list(by_recipient(d)) == ["all@example.org"]


async def test_the_same_word_again_writes_to_nobody_twice(tmp_path: Path):
    async with desk(tmp_path) as d:
        await d.subscribe("bob@example.org")
        await send(d, told())
        tally = await send(d, told())
        assert (tally.sent, len(d.mail.letters)) == (1, 1)


async def test_a_letter_whose_end_is_unknown_waits_for_a_person(tmp_path: Path):
    async with desk(tmp_path) as d:
        await d.subscribe("bob@example.org")
        d.mail.dies = True
        tally = await send(d, told())
        assert (tally.outcome.evidence, tally.outcome.reason) == (Evidence.UNKNOWN, "1 of 1 letters may have been delivered")
        d.mail.dies = False
        assert (await send(d, told())).outcome.evidence is Evidence.UNKNOWN
        assert len(d.mail.letters) == 1, "nothing is sent again by itself"
        assert (await send(d, told(), again=True)).outcome.evidence is Evidence.OK
        first, second = (letter["Message-ID"] for _, _, letter in d.mail.letters)
        assert first == second, "a mailbox that looks shows it once"


async def test_a_server_that_says_later_gets_the_rest_later(tmp_path: Path):
    async with desk(tmp_path) as d:
        await d.subscribe("bob@example.org")
        await d.subscribe("slow@example.net")
        d.mail.refuse = lambda address: "451 later" if address.endswith(".net") else ""
        tally = await send(d, told())
        assert (tally.outcome.evidence, tally.sent, tally.total) == (Evidence.THROTTLED, 1, 2)
        d.mail.refuse = lambda _: ""
        tally = await send(d, told())
        assert (tally.outcome.evidence, tally.sent, len(d.mail.letters)) == (Evidence.OK, 2, 2)


async def test_a_long_list_is_written_to_in_parts(tmp_path: Path):
    async with desk(tmp_path) as d:
        for n in range(20):
            await d.subscribe(f"reader{n}@example{n}.org")
        room = d.mailing._courier._mailroom
        real = room._hand  # the clock passes while letters are handed over

        async def slow(envelope: str, recipient: str, letter: bytes):
            d.clock.advance(seconds=1)
            return await real(envelope, recipient, letter)

        room._hand = slow
        tally = await send(d, told())
        assert (tally.outcome.evidence, tally.outcome.reason, tally.sent) == (Evidence.THROTTLED, "4 of 20 letters are still to go", 16)
        tally = await send(d, told())
        assert (tally.outcome.evidence, tally.sent, len(d.mail.letters)) == (Evidence.OK, 20, 20)


async def test_a_mailbox_that_is_gone_is_counted_and_written_to_no_more(tmp_path: Path):
    async with desk(tmp_path) as d:
        await d.subscribe("gone@example.org")
        d.mail.refuse = lambda _: "550 no such user"
        tally = await send(d, told())
        assert (tally.outcome.evidence, tally.failed, tally.outcome.reason) == (Evidence.OK, 1, "1 of 1 letters were refused")
        one = await d.subscribers.find("email", "gone@example.org")
        assert one is not None
        assert one.standing is Standing.QUARANTINED
        d.mail.refuse = lambda _: ""
        await d.ask("gone@example.org")
        assert (await send(d, told(update(1), update(2, minutes=1)))).total == 0
        assert d.mail.letters == []


async def test_a_title_cannot_add_a_header_or_markup(tmp_path: Path):
    async with desk(tmp_path) as d:
        await d.subscribe("bob@example.org")
        texts = {"en": PublicText(title="x\r\nBcc: all@example.org\x00", body="<img src=x onerror=alert(1)>\ud800")}
        await send(d, told(update(1, texts=texts)))
        letter = by_recipient(d)["bob@example.org"]
        assert letter["Bcc"] is None
        assert letter["Subject"] == "[Checkout] Investigating — x Bcc: all@example.org"
        assert "<img" not in str(letter.get_body(("html",)).get_content())


async def test_what_comes_back_says_by_its_address_whose_it_was(tmp_path: Path):
    async with desk(tmp_path, bounces="bounce@shop.example") as d:
        await d.subscribe("bob@example.org")
        await send(d, told())
        ((envelope, _, _),) = d.mail.letters
        local = envelope.partition("@")[0]
        assert envelope.endswith("@shop.example")
        assert local.startswith("bounce+")
        assert len(local) <= 64
        assert "bob" not in envelope


def report(to: str, status: str) -> bytes:
    """As a mail server reports (RFC 3464)."""
    lines = ["From: MAILER-DAEMON@mx.example", f"To: <{to}>", "Subject: Undelivered", "MIME-Version: 1.0", 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', "",
        "--b", "Content-Type: text/plain", "", "Sorry.", "--b", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.example", "", "Final-Recipient: rfc822; bob@example.org", "Action: failed", f"Status: {status}", "", "--b--", ""]  # fmt: skip
    return "\r\n".join(lines).encode()


async def test_a_report_of_a_mailbox_that_is_gone_ends_the_letters(tmp_path: Path):
    async with desk(tmp_path, bounces="bounce@shop.example") as d:
        await d.subscribe("bob@example.org")
        await send(d, told())
        ((envelope, _, _),) = d.mail.letters

        async def came_back(to: str, status: str, token: str = "t" * 20) -> tuple[int, str]:
            answer = await d.http.post("/api/v1/bounces", content=report(to, status), headers={"authorization": f"Bearer {token}"})
            return answer.status_code, answer.json().get("result", "")

        assert (await came_back(envelope, "5.1.1", "wrong"))[0] == 401
        assert await came_back("bounce+0123456789abcdef.0.aaaa@shop.example", "5.1.1") == (200, "nobody")
        assert await came_back(envelope, "4.2.2") == (200, "temporary")
        assert len(await d.subscribers.all("email")) == 1
        assert await came_back(envelope.upper(), "5.1.1") == (200, "quarantined")
        assert await d.subscribers.all("email") == []


async def test_a_withdrawn_word_is_mailed_to_nobody(tmp_path: Path):
    async with desk(tmp_path) as d:
        await d.subscribe("bob@example.org")
        assert (await send(d, told(update(1, is_retracted=True, edited_at=NOW)))).total == 0
