"""The whole way of a letter, through the running application: the form, the confirmation, a published word, the counts on the card, the end."""

from pathlib import Path

from tests.builders import wire
from tests.fakes.mail_server import MailServer
from tests.harness import Story, story
from tests.notices.test_story import ADMINS, press
from tests.notices.town import CHANNEL, NOTICES, OLEG, SUPPORT, SVETA, town
from tests.status.desk import plain


def rules_text() -> str:
    more = "  mail: {channel: email, delay: 2m}\nreminders:"
    return NOTICES.replace("publish: [page, feeds, telegram-ru]", "publish: [page, feeds, telegram-ru, mail]").replace("reminders:", more)


async def sign_up(s: Story, **fields: str) -> None:
    """As a person does: the form is read first."""
    page = (await s.http.get("/status/en/updates")).text
    filled = page.partition('name="filled" value="')[2].partition('"')[0]
    s.clock.advance(seconds=4)
    assert "Almost done" in (await s.http.post("/status/en/updates", data={"filled": filled, **fields})).text


async def test_a_reader_subscribes_and_gets_the_word_two_minutes_after_the_page(tmp_path: Path):
    async with MailServer() as mail:
        environ = {
            "RECEIVER_SMTP_URL": f"smtp://127.0.0.1:{mail.port}?starttls=off",
            "RECEIVER_SMTP_FROM": "Status <status@shop.example>",
            "RECEIVER_STATUS_URL": "https://status.example",
        }
        async with story(tmp_path, rules=town(tmp_path / "rules", notices=rules_text()), **environ) as s:
            assert 'name="email"' in (await s.http.get("/status/en/updates")).text
            await sign_up(s, email="reader@example.org")
            await s.app.customers.subscriptions.look()
            ((_, _, question),) = mail.letters
            path = plain(question).partition("https://status.example")[2].split()[0]
            assert (await s.http.post(path)).status_code == 200
            mail.letters.clear()

            await s.fire(wire())
            await s.advance(seconds=11)
            await s.expect(ADMINS)
            await s.advance(minutes=3)
            card = await s.expect(SUPPORT, "DRAFT")
            await press(s, card, "Approve", OLEG)
            await press(s, card, "Approve", SVETA)
            await s.advance(seconds=20)
            await s.expect(CHANNEL)
            assert mail.letters == [], "a letter can't be taken back, so it waits"
            await s.advance(minutes=2)
            ((envelope, recipient, letter),) = mail.letters
            assert (envelope, recipient) == ("status@shop.example", "reader@example.org")
            assert letter["Subject"].startswith("[Checkout] Investigating — ")
            assert "mail 1/1" in card.text or "mail ✓" in card.text, card.text

            address = letter["List-Unsubscribe"].strip("<>").removeprefix("https://status.example")
            assert (await s.http.post(address, data={"List-Unsubscribe": "One-Click"})).status_code == 200
            assert await s.app.customers.subscribers.all("email") == []
            mail.letters.clear()
            await s.app.customers.subscriptions.look()
            assert [letter["Subject"] for _, _, letter in mail.letters] == ["You are unsubscribed: Status"]


async def test_without_a_mail_server_nobody_is_asked_for_an_address(tmp_path: Path):
    async with story(tmp_path, rules=town(tmp_path / "rules")) as s:
        assert 'name="email"' not in (await s.http.get("/status/en/updates")).text
        assert (await s.http.post("/status/en/updates", data={"email": "reader@example.org"})).status_code == 404
