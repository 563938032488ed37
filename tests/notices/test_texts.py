"""The house's texts: sandboxed, five variables, in two languages, as golden files; and what changed word by word."""

import os
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from receiver.channels.notice_texts import NoticeTexts
from receiver.channels.render import Renderer, TemplateFault
from receiver.channels.template_check import check_templates
from receiver.core.notice_event import Proposed
from receiver.core.notice_text import KEYS, STARTERS, Saying
from receiver.core.wording import diff
from receiver.rules.load import load_rules
from tests.builders import NOW
from tests.harness import story
from tests.notices.flow import ANNA
from tests.notices.town import SUPPORT, town
from tests.notices.values import rules

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/golden/notices"


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_text_reads_as_written(language):
    book, texts = rules(), NoticeTexts(ROOT / "message_templates")
    saying = Saying(components=tuple(book.components.values()), since=NOW, next_at=NOW + timedelta(minutes=30), now=NOW)
    said = "\n\n".join(f"[{key}]\n{(t := texts.compose(key, saying, book)[language]).title}\n\n{t.body}" for key in KEYS) + "\n"
    path = GOLDEN / f"texts.{language}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(said, "utf-8")
    assert said == path.read_text("utf-8")


@pytest.mark.parametrize("language", ["ru", "en"])
def test_what_befalls_several_components_reads_as_written(language):
    """Texts that have words of their own for it; where there are none, those for one stand."""
    book, texts = load_rules(ROOT / "routing_rules").notices, NoticeTexts(ROOT / "message_templates")
    assert book is not None
    saying = Saying(components=tuple(book.components.values()), since=NOW, next_at=NOW + timedelta(minutes=30), now=NOW)
    alone = replace(saying, components=saying.components[:1])
    own = [key for key in KEYS if texts.source(key, f"many.{language}")]
    assert own == [key for key in KEYS if texts.source(key, "many.en")]
    said = "\n\n".join(f"[{key}]\n{(t := texts.compose(key, saying, book)[language]).title}\n\n{t.body}" for key in own) + "\n"
    assert all(texts.compose(key, alone, book)[language].title != texts.compose(key, saying, book)[language].title for key in own)
    path = GOLDEN / f"texts-many.{language}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(said, "utf-8")
    assert said == path.read_text("utf-8")


def test_there_are_seven_starting_texts_and_all_have_both_languages():
    assert len(STARTERS) == 7
    texts = NoticeTexts(ROOT / "message_templates")
    assert [key for key in KEYS for language in ("ru", "en") if not texts.source(key, language)] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("T\n\n{{ labels }}", "there is no labels"),
        ("T\n\n{{ component.__class__ }}", "only words and"),
        ("T\n\n{{ component | upper }}", "only words and"),
        ("T\n\n{% if since %}x{% endif %}", "only words and"),
        ("T\n\n{% for c in components %}x{% endfor %}", "only words and"),
        ("T\n\n{{ 1 + 1 }}", "only words and"),
        ("T\n\n{% include 'card.en.html.j2' %}", "only words and"),
        ("T\n\n{{ range(9) }}", "only words and"),
        ("only a title", "the first line is the title"),
        ("T\n\n{{ since", "unexpected"),
        ("T\n\n" + "x" * 5000, "longer than"),
    ],
)
def test_a_text_may_hold_words_and_five_variables_and_nothing_else(tmp_path, text, said):
    shutil.copytree(ROOT / "message_templates", tmp_path / "t")
    (tmp_path / "t/notices/errors.en.txt.j2").write_text(text)
    with pytest.raises(TemplateFault, match=said):
        NoticeTexts(tmp_path / "t")


def test_a_missing_text_is_a_fault(tmp_path):
    shutil.copytree(ROOT / "message_templates", tmp_path / "t")
    (tmp_path / "t/notices/errors.en.txt.j2").unlink()
    with pytest.raises(TemplateFault, match="missing"):
        NoticeTexts(tmp_path / "t")


def test_a_name_is_text_and_never_a_template():
    book = rules()
    component = book.components["checkout"]
    evil = {"checkout": type(component)(id="checkout", names={"ru": "{{ contact }}", "en": "<b>{{ 7*7 }}</b>"})}
    saying = Saying(components=tuple(evil.values()), since=NOW, next_at=NOW, now=NOW)
    said = NoticeTexts(ROOT / "message_templates").compose("slow", saying, rules(components=evil))
    assert "{{ contact }}" in said["ru"].title
    assert "<b>{{ 7*7 }}</b>" in said["en"].title


def test_a_word_diff_reads_as_the_new_text_with_what_went_before_what_came():
    pieces = diff("Оплата не работает сейчас.", "Оплата работает с ошибками.")
    assert "".join(p.text for p in pieces if p.how != "removed") == "Оплата работает с ошибками."
    assert "".join(p.text for p in pieces if p.how != "added") == "Оплата не работает сейчас."
    assert diff("a b", "a b") == diff("a b", "a b")
    assert [p.how for p in diff("a b", "a b")] == ["same"]


def test_rules_check_names_every_wrong_text(tmp_path):
    shutil.copytree(ROOT / "message_templates", tmp_path / "t")
    (tmp_path / "t/notices/errors.en.txt.j2").write_text("T\n\n{{ labels }}\n")
    (tmp_path / "t/notices/slow.en.txt.j2").unlink()
    found = [(one.file, one.line) for one in check_templates(tmp_path / "t")]
    assert found == [("notices/errors.en.txt.j2", 3), ("notices/slow.en.txt.j2", 1)]


async def test_texts_change_without_a_restart(tmp_path):
    shutil.copytree(ROOT / "message_templates", tmp_path / "t")
    (tmp_path / "t/notices/slow.en.txt.j2").write_text("{{ component }} takes longer\n\nWe will write again before {{ next }}.\n")
    async with story(tmp_path, rules=town(tmp_path / "rules")) as s:
        s.app.templates.current = Renderer(tmp_path / "t")
        notice = await s.app.notices.engine.open_by_hand(["checkout"], "slow")
        plan = await s.app.notices.engine.apply(notice.id, Proposed(actor=ANNA, key="slow"))
        assert plan.next.draft.texts["en"].title == "Checkout takes longer"
        await s.settle()
        await s.expect(SUPPORT, "takes longer")
