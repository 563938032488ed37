"""The exported post-mortem as a file in both languages, and what nobody may smuggle into it."""

import html
import json
import os
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from receiver.channels.postmortem import Case, as_facts, as_markdown, escape
from receiver.channels.postmortem_words import COLUMNS, FACTS, HEADS, KINDS, OUTCOMES, REASONS
from receiver.channels.visible import visible
from receiver.core.alert import AlertId, Severity
from receiver.core.condition import Condition, ConditionKind
from receiver.core.history import Past, Sent, TimelineEntry
from receiver.core.incident import State
from receiver.core.notice import Phase
from receiver.core.plan import Kind, Reason
from receiver.telemetry.logs import hide
from tests.builders import NOW, alert, incident
from tests.golden.test_messages import SERVICES
from tests.notices.values import notice, update

GOLDEN = Path(__file__).parent / "postmortem"
NEVER_IN_A_TIMELINE = {
    Reason.GROUP_WAIT,
    Reason.NOTHING_NEW,
    Reason.ALREADY_ACKNOWLEDGED,
    Reason.ALREADY_RESOLVED,
    Reason.REOPEN_WINDOW,
    Reason.QUIET_AFTER_RESOLVE,
    Reason.NOT_POSSIBLE,
}


def at(minutes: float):
    return NOW + timedelta(minutes=minutes)


def line(minutes: float, reason: str, state: str = "triggered", by: str = "", text: str = "") -> TimelineEntry:
    return TimelineEntry(at=at(minutes), reason=reason, state=state, by=by, text=text)


def sent(minutes: float | None, to: str, kind: str = "incident", person: str = "", channel: str = "telegram", **fields) -> Sent:
    return Sent(to=to, person=person, channel=channel, kind=kind, sent_at=None if minutes is None else at(minutes), **{"state": "sent", **fields})


def case() -> Case:
    first = alert("shop-api-2:8080", firing=False, severity=Severity.CRITICAL)
    second = replace(alert("shop-api-3:8080", firing=False, severity=Severity.CRITICAL, since=at(2)), ends_at=at(33))
    over = incident(
        first,
        second,
        announced_at=at(0.2),
        state=State.RESOLVED,
        severity=Severity.CRITICAL,
        acknowledged_by="Анна",
        resolved_at=at(34),
        end_reason="resolved (Alertmanager lists it no more)",
        reopened=1,
        conditions={AlertId("shop-api-3:8080"): Condition(kind=ConditionKind.CLEARED)},
        systems=("shop-api",),
    )
    timeline = (
        line(0.2, "opened"),
        line(0.3, "delivered", text="anna by telegram"),
        line(2.1, "got_worse"),
        line(4, "acknowledged", "acknowledged", "anna"),
        line(5, "all_resolved", "resolved"),
        line(9, "reopened"),
        line(10.5, "acknowledged", "acknowledged", "cli:root"),
        line(12, "silenced", by="anna", text="service=shop-api until 2026-11-23T04:02:00Z"),
        line(33, "condition_changed", "acknowledged", text="cleared"),
        line(34, "all_resolved", "resolved"),
    )
    messages = (
        sent(0.3, "anna", person="anna", is_page=True),
        sent(0.2, "admin-chat"),
        sent(None, "boris/sms", person="boris", channel="sms", state="dead", reason="Forbidden: bot was blocked by the user"),
        sent(5.1, "admin-chat", "ended", hush="quiet_hours:nights"),
        sent(None, "anna", "your_turn", person="anna", state="skipped", reason="somebody has it"),
    )
    notices = (notice(update(1, minutes=6), update(2, Phase.RESOLVED, minutes=36)),)
    past = Past(incident=over, names=("HighErrorRate",), timeline=timeline, messages=messages)
    return Case(past=past, notices=notices, services=SERVICES, people={"anna": "Анна", "boris": "Борис"}, now=at(60))


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_post_mortem_reads_as_its_golden_file(language):
    said = as_markdown(case(), language, "Europe/Moscow")
    path = GOLDEN / f"{language}.md"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(said, "utf-8")
    assert said == path.read_text("utf-8")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_one_that_nobody_was_told_of_reads_as_its_golden_file(language):
    past = Past(incident=incident(alert("a"), systems=()))
    said = as_markdown(Case(past=past, notices=(), services={}, people={}, now=at(3)), language, "UTC")
    path = GOLDEN / f"bare.{language}.md"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(said, "utf-8")
    assert said == path.read_text("utf-8")


def test_every_decision_and_every_message_has_words_in_both_languages():
    assert {reason.value for reason in Reason if reason not in NEVER_IN_A_TIMELINE} <= set(REASONS)
    assert {kind.value for kind in Kind} <= set(KINDS)
    assert all(len(words) == 2 and all(words) for words in (*REASONS.values(), *KINDS.values()))
    for table in (HEADS, FACTS, OUTCOMES, COLUMNS):
        assert table["en"].keys() == table["ru"].keys()


def test_what_others_wrote_is_no_markup():
    nasty = "<script>alert(1)</script> [x](javascript:x) | **b** `c` ![i](http://e/x.png) # h\n# head &amp; ~~s~~"
    past = case().past
    named = replace(
        past,
        incident=replace(past.incident, alerts={AlertId("n"): replace(alert("n", instance=nasty, alertname=nasty), annotations={"summary": nasty})}),
        timeline=(line(1, "opened", by=nasty, text=nasty),),
        messages=(sent(1, nasty),),
    )
    page = MarkdownIt("commonmark").enable("table").render(as_markdown(replace(case(), past=named), "en", "UTC"))
    assert not re.search(r"<(script|img|strong|code|del)", page)
    assert "javascript:x)" in page, "shown as it stands"
    assert {url.partition(":")[0] for url in re.findall(r'href="([^"]*)"', page)} == {"https"}
    assert page.count("<h1>") == 1
    assert all(row.count("<td>") in (3, 4, 5, 6) for row in page.split("<tr>")[1:] if "<td>" in row)


@given(st.text())
def test_an_escaped_text_is_one_line_without_a_bare_sign_of_markup(text):
    said = escape(text)
    shown = MarkdownIt("commonmark").enable("table").render(f"x {said}")
    assert html.unescape(shown.removeprefix("<p>").removesuffix("</p>\n")) == f"x {visible(text, 300)}".rstrip()
    assert MarkdownIt("commonmark").render(said) in ("", f"<p>{shown.removeprefix('<p>x ')}")


def test_no_secret_is_in_it_in_either_form():
    hide("s3cr3t-of-the-hook")
    past = case().past
    leaky = replace(past, messages=(sent(None, "hook", state="dead", reason="POST https://x/s3cr3t-of-the-hook failed"),))
    assert "s3cr3t" not in as_markdown(replace(case(), past=leaky), "en", "UTC")
    facts = as_facts(case())
    assert json.dumps(facts, default=str)
    assert facts["alerts"][1]["condition"] == "cleared"
