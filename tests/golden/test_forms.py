"""Each kind of message in each form and language as a file: the page and text of a mail, plain text, the two lines of a short message."""

import os
from pathlib import Path

import pytest

from receiver.channels.forms import Form
from receiver.channels.render import KINDS, LANGUAGES
from receiver.channels.text import short_text
from tests.golden.test_messages import CASES, NIGHT, RENDERER, SERVICES

GOLDEN = Path(__file__).parent / "forms"
FIRST = {kind: next(case for case, held in CASES.items() if held[0] == kind and not case.startswith("storm")) for kind in KINDS if kind != "why"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", FIRST)
def test_the_form_reads_as_its_file(kind: str, language: str) -> None:
    _, shown, since, args = CASES[FIRST[kind]]
    mail = RENDERER.render(kind, shown, language=language, timezone="Europe/Moscow", now=NIGHT + since, services=SERVICES, args=args, form=Form.MAIL, slot="s")
    texts = {"mail.html": mail.html, "txt": mail.plain, "short.txt": short_text(mail.plain, 250)}
    assert "<" not in mail.plain
    for ending, text in texts.items():
        path = GOLDEN / f"{kind}.{language}.{ending}"
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(text + "\n", "utf-8")
        assert text + "\n" == path.read_text("utf-8")
