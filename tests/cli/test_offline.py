"""When the service itself is down: the static copy by one command, and a notice from the texts of the house, with nothing but files."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from receiver.cli import main as cli
from receiver.cli.offline import publish, twin
from receiver.clock import ManualClock
from receiver.settings import Settings, load_settings
from receiver.web.status.shelf import Copy
from tests.builders import NOW
from tests.harness import ROOT
from tests.notices.town import town
from tests.status.test_mailing import told


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(environ(tmp_path))


def environ(directory: Path) -> dict[str, str]:
    return {
        "RECEIVER_RULES_DIR": str(town(directory / "rules")),
        "RECEIVER_TEMPLATES_DIR": str(ROOT / "message_templates"),
        "RECEIVER_DATA_DIR": str(directory / "data"),
        "RECEIVER_SECRET_KEY": "k" * 32,
        "HOME": str(directory),
    }


def keep(settings: Settings) -> None:
    """What the service read last before it went down."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    path = settings.data_dir / "public-notices.json"
    path.write_bytes(msgspec.json.encode(Copy(notices=(told(),), version=7, as_of=NOW)))


def test_the_copy_is_written_from_what_was_read_last_and_says_how_old_it_is(settings: Settings, tmp_path: Path, capsys):
    assert twin(settings, tmp_path / "out", ManualClock(NOW)) == 1
    assert "no copy was ever kept" in capsys.readouterr().err
    keep(settings)
    assert twin(settings, tmp_path / "out", ManualClock(NOW + timedelta(hours=2))) == 0
    page = (tmp_path / "out" / "en" / "index.html").read_text("utf-8")
    assert told().updates[0].texts["en"].title in page
    assert "06:02 UTC+3" in page, "when it was made"
    assert "2 h ago" in page, "in words, while something is open"
    assert (tmp_path / "out" / "ru" / "index.html").exists()
    assert (tmp_path / "out" / "api" / "v2" / "summary.json").exists()


def test_a_notice_is_published_from_a_text_of_the_house_followed_and_ended(settings: Settings, tmp_path: Path, capsys):
    clock, out = ManualClock(NOW), tmp_path / "out"
    assert publish(settings, "checkout", "unavailable", None, out, clock) == 0
    said = capsys.readouterr().out
    notice = next(word for word in said.split() if word.startswith("N") and len(word) == 8)
    assert "[ru] Оформление заказов" in said
    page = (out / "en" / "index.html").read_text("utf-8")
    assert "Checkout" in page
    assert "Major outage" in page
    clock.advance(minutes=20)
    assert publish(settings, notice, "cause-found", None, out, clock) == 0
    clock.advance(minutes=20)
    assert publish(settings, notice.lower(), "resolved", None, out, clock) == 0
    page = (out / "ru" / "notices" / f"{notice}.html").read_text("utf-8") if (out / "ru" / "notices" / f"{notice}.html").exists() else (out / "ru" / "notices" / notice / "index.html").read_text("utf-8")  # fmt: skip
    assert page.count("<li") >= 3
    capsys.readouterr()
    assert publish(settings, notice, "still-working", None, out, clock) == 1
    assert "is over" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("target", "key", "said"),
    [
        ("warehouse", "errors", "no component 'warehouse'"),
        ("checkout", "resolved", "no text 'resolved'"),
        ("checkout", "my own words", "no text 'my own words'"),
    ],
)
def test_only_what_the_rules_and_the_house_know_can_be_said(settings: Settings, tmp_path: Path, capsys, target: str, key: str, said: str):
    assert publish(settings, target, key, None, tmp_path / "out", ManualClock(NOW)) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_was_public_before_stays_beside_it(settings: Settings, tmp_path: Path):
    keep(settings)
    assert publish(settings, "storefront", "errors", "degraded_performance", tmp_path / "out", ManualClock(NOW + timedelta(minutes=5))) == 0
    page = (tmp_path / "out" / "en" / "index.html").read_text("utf-8")
    assert told().updates[0].texts["en"].title in page
    assert "Catalogue" in page


def test_a_notice_of_the_service_goes_on_and_a_second_one_of_its_component_is_refused(settings: Settings, tmp_path: Path, capsys):
    keep(settings)
    out, clock = tmp_path / "out", ManualClock(NOW + timedelta(minutes=5))
    assert publish(settings, "checkout", "errors", None, out, clock) == 1
    assert f"{told().id} speaks of checkout already" in capsys.readouterr().err
    assert publish(settings, told().id, "cause-found", None, out, clock) == 0
    page = (out / "en" / "index.html").read_text("utf-8")
    assert page.count(f"notices/{told().id}") >= 1
    assert "Identified" in page
    clock.advance(minutes=5)
    assert twin(settings, tmp_path / "later", clock) == 0
    assert "Identified" in (tmp_path / "later" / "en" / "index.html").read_text("utf-8")


def test_the_commands_need_no_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    for name, value in environ(tmp_path).items():
        monkeypatch.setenv(name, value)
    assert cli.main(["notices", "publish", "--offline", "checkout", "--text", "errors", "--dir", str(tmp_path / "site")]) == 0
    assert cli.main(["notices", "twin", str(tmp_path / "copy")]) == 0, "what was said offline is in every later copy"
    assert (tmp_path / "site" / "en" / "index.html").exists()
