"""Wrong templates are golden cases: a directory holds the files that differ from the shipped ones and the exact text an operator sees."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from receiver.channels.render import KINDS, LANGUAGES, make_environment, read_sources, template_name
from receiver.channels.template_check import check_templates
from receiver.channels.template_samples import ARGS, HOSTILE, contexts
from receiver.cli.rules import check
from tests.fakes.bot_entities import parse_entities

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "templates"
SHIPPED = ROOT / "message_templates"
RULES = ROOT / "routing_rules"
CASES = sorted(path.name for path in GOLDEN.iterdir())


def overlay(case: str, directory: Path) -> Path:
    shutil.copytree(SHIPPED, directory, dirs_exist_ok=True)
    shutil.copytree(GOLDEN / case, directory, dirs_exist_ok=True)
    removed = directory / "removed.txt"
    for name in removed.read_text().split() if removed.exists() else ():
        (directory / name).unlink()
    for part in directory.glob("advice.*"):  # a case that replaces the message which includes it is about that message alone
        if not any(part.name in other.read_text("utf-8", "replace") for other in directory.glob("incident.*")):
            part.unlink()
    return directory


@pytest.mark.parametrize("case", CASES)
def test_wrong_templates_say_what_to_do(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(RULES, False, templates=overlay(case, tmp_path)) == 1
    said = capsys.readouterr().out
    if os.environ.get("UPDATE_GOLDEN"):
        (GOLDEN / case / "expected.txt").write_text(said, "utf-8")
    assert said == (GOLDEN / case / "expected.txt").read_text("utf-8")


def test_shipped_templates_are_right() -> None:
    assert check_templates(SHIPPED) == []


def test_a_part_shared_by_include_is_right(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path, dirs_exist_ok=True)
    (tmp_path / "_head.html.j2").write_text("<b>{{ system }}</b>\n")
    (tmp_path / "why.en.html.j2").write_text('{% include "_head.html.j2" %}\n{{ route }}{% set lines = group | join(", ") %} {{ lines }}\n')
    assert check_templates(tmp_path) == []


def texts() -> Iterator[str]:
    environment = make_environment(read_sources(SHIPPED))
    for kind in KINDS:
        for language in LANGUAGES:
            for _, context in contexts(kind, language):
                yield environment.get_template(template_name(kind, language)).render(**context)


def test_the_worst_a_shipped_template_can_say_is_read_by_the_far_end() -> None:
    """The tests' own reading of Telegram's markup, written apart from the product's, agrees."""
    seen = [parse_entities(text) for text in texts()]
    assert len(seen) > 100
    assert any("{{ 7*7 }}" in text for text in seen), "what is hostile is shown as it came"
    assert not any("49" in text and "7*7" not in text for text in seen if HOSTILE[1] in text)


def test_samples_cover_what_each_kind_is_told() -> None:
    assert set(ARGS) <= set(KINDS)
    assert {name for name, _ in contexts("incident", "en")} >= {"nothing known", "hostile texts", "ten thousand alerts", "all over"}
