"""What a running service does with a template that is wrong, and what it never lets run."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from receiver.channels.render import Renderer, TemplateFault
from tests.builders import NOW, alert, incident

SHIPPED = Path(__file__).parents[2] / "message_templates"
REFUSED = ("{{ 9 ** 9 }}", '{{ "a" * 10000 }}', "{{ route.upper() }}", '{% include "../../etc/passwd" %}', "{{ route | safe }}", "{{ rout }}", "{% if %}")


def rendered(directory: Path, text: str) -> str:
    shutil.copytree(SHIPPED, directory, dirs_exist_ok=True)
    (directory / "incident.en.html.j2").write_text(text)
    found = Renderer(directory).render("incident", incident(alert()), language="en", timezone="UTC", now=NOW, services={})
    return found.html


@pytest.mark.parametrize("text", REFUSED)
def test_a_service_does_not_start_on_a_template_that_may_not_run(tmp_path: Path, text: str) -> None:
    with pytest.raises(TemplateFault, match=r"incident\.en\.html\.j2:1: "):
        rendered(tmp_path, text)


def test_a_service_does_not_start_on_bytes_it_cannot_read(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path, dirs_exist_ok=True)
    (tmp_path / "why.en.html.j2").write_bytes(b"\xff")
    with pytest.raises(TemplateFault, match="rules check"):
        Renderer(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["{{ 1 // truncated }}", "{{ links[0].url }}", "{{ title + repeats }}", "{% if title %}{% if repeats %}{% set x = 1 %}{% endif %}{% endif %}{{ x }}"],
)
def test_a_page_goes_out_whatever_its_template_does(tmp_path: Path, text: str) -> None:
    assert "7.8 % of responses are HTTP 500" in rendered(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{ 10 - active }} of {{ 100 % 7 }}, {{ active * 2 }}", "9 of 2, 2"),
        ("{% for a in alerts[:3] %}{{ loop.index }} {{ a.name }}{% endfor %}", "1 HighErrorRate"),
        ("{% set word = severity | upper %}{{ word if active > 0 else id }}", "INFO"),
    ],
)
def test_numbers_lists_and_choices_may_be_used(tmp_path: Path, text: str, shown: str) -> None:
    assert rendered(tmp_path, text) == shown


def test_the_check_needs_no_settings_and_says_its_status(tmp_path: Path) -> None:
    root = SHIPPED.parent
    shutil.copytree(SHIPPED, tmp_path, dirs_exist_ok=True)
    words = [sys.executable, "-m", "receiver", "rules", "check", str(root / "routing_rules"), "--templates", str(tmp_path)]
    environment = {"PYTHONPATH": str(root), "RECEIVER_PORT": "not a port"}
    assert subprocess.run(words, env=environment, capture_output=True, check=False).returncode == 0
    (tmp_path / "why.en.html.j2").write_text("{{ rout }}\n")
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == 'why.en.html.j2:1:4: there is no rout, did you mean "route"?'
    assert subprocess.run([*words, "--nonsense"], env=environment, capture_output=True, check=False).returncode == 2
