"""The doctor says what keeps words from customers."""

from receiver.cli.doctor_notices import findings
from receiver.core.notice_rules import NoticeChannel
from receiver.settings import load_settings
from tests.builders import rulebook
from tests.notices.values import rules

NEWS = NoticeChannel(name="news", kind="telegram", address={"chat": "@news"})
FAR = NoticeChannel(name="far", kind="statuspage", secret="FAR")


def test_the_working_bot_as_publisher_is_a_warning_and_a_missing_secret_a_fault(tmp_path):
    book = rulebook(notices=rules(publish=("page", "news", "far"), channels={"news": NEWS, "far": FAR}))
    environ = {"HOME": str(tmp_path), "RECEIVER_SECRET_KEY": "k" * 32}
    assert [is_ok for is_ok, _ in findings(load_settings(environ), book)] == [True, False]
    given = {**environ, "RECEIVER_TELEGRAM_PUBLIC_TOKEN": "1:x", "RECEIVER_SECRET_FAR": "y"}
    assert list(findings(load_settings(given), book)) == []
    assert list(findings(load_settings(environ), rulebook())) == []
