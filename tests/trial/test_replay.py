"""A recorded day through another rule set: the table is a golden file, by hand-made changes whose effect one can count."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import zstandard

from receiver.rules.load import read_rules
from receiver.trial.recordings import line_of, read_file
from receiver.trial.replay import replay
from tests.harness import ROOT
from tests.trial.day import recorded_day
from tests.trial.golden import check

GOLDEN = ROOT / "tests" / "golden" / "replay"
NOW, THEN = GOLDEN / "now", GOLDEN / "then"


@pytest.fixture
def day(tmp_path: Path) -> Path:
    path = tmp_path / "day.ndjson"
    path.write_bytes(b"".join(line_of(recording) for recording in recorded_day()))
    return path


def test_a_recorded_day_through_changed_rules_shows_the_difference(command, day):
    status, out, _ = command("rules", "replay", "--current", NOW, "--rules", THEN, "--from", day)
    assert status == 0
    check(GOLDEN / "table.txt", out)


def test_the_same_difference_through_a_commit(command, day, tmp_path):
    """The other rules are a branch of the repository that the rules directory lies in; the work tree stays as it is."""
    rules = tmp_path / "repository" / "rules"
    shutil.copytree(THEN, rules)
    git = ["git", "-C", str(rules.parent), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in (["init", "-q", "-b", "next"], ["add", "."], ["commit", "-q", "-m", "next"]):
        subprocess.run([*git, *words], check=True)
    shutil.rmtree(rules)
    shutil.copytree(NOW, rules)
    status, out, _ = command("rules", "replay", "--current", rules, "--git", "next", "--from", day)
    assert status == 0
    assert out == (GOLDEN / "table.txt").read_text()
    assert (rules / "routes.yaml").read_bytes() == (NOW / "routes.yaml").read_bytes()


def test_a_ref_that_is_not_there_and_a_link_are_refused(command, day, tmp_path):
    rules = tmp_path / "rules"
    shutil.copytree(NOW, rules)
    (rules / "more.yaml").symlink_to("/etc/hostname")
    git = ["git", "-C", str(rules), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in (["init", "-q", "-b", "next"], ["add", "."], ["commit", "-q", "-m", "next"]):
        subprocess.run([*git, *words], check=True)
    assert command("rules", "replay", "--current", rules, "--git", "nowhere", "--from", day)[0] == 1
    status, _, err = command("rules", "replay", "--current", rules, "--git", "next", "--from", day)
    assert status == 1
    assert "more.yaml is no plain file" in err
    assert command("rules", "replay", "--current", rules, "--git=--upload-pack=x", "--from", day)[0] == 1


def test_exit_status_says_whether_anything_differs(command, day):
    assert command("rules", "replay", "--current", NOW, "--rules", THEN, "--from", day, "--fail-on-change")[0] == 3
    status, out, _ = command("rules", "replay", "--current", NOW, "--rules", NOW, "--from", day, "--fail-on-change")
    assert status == 0
    assert out.endswith("no difference\n")


def test_json_counts_are_those_of_the_table(command, day):
    _, out, _ = command("rules", "replay", "--current", NOW, "--rules", THEN, "--from", day, "--json")
    found = json.loads(out)
    assert found["webhooks"] == len(recorded_day())
    assert sum(found["before"]["incidents"].values()) > 0
    assert {d["what"] for d in found["differences"]} == {"incidents", "pages", "messages", "edits", "notices", "unrouted"}
    for line in found["differences"]:
        if line["name"]:
            assert found["before"][line["what"]].get(line["name"], 0) == line["before"]
            assert found["after"][line["what"]].get(line["name"], 0) == line["after"]


def test_what_a_changed_rule_does_can_be_counted_by_hand(command, day):
    """`critical` loses the admin chat: exactly the messages of its incidents are missing there."""
    before, after = read_rules(NOW), read_rules(THEN)
    result = replay(before, after, [r for r in recorded_day() if b'"crm-api"' in r.body and b"critical" in r.body and b"warning" not in r.body])
    assert result.before.messages["devops"] == result.after.messages["devops"] > 0
    assert result.after.pages["admins"] == 0
    assert result.before.pages["admins"] == result.before.pages["devops"]


def test_recordings_may_be_compressed_and_a_bad_line_is_named(command, tmp_path):
    lines = b"".join(line_of(recording) for recording in recorded_day(outages=20))
    packed = tmp_path / "day.ndjson.zst"
    packed.write_bytes(zstandard.ZstdCompressor().compress(lines))
    assert [recording for recording, _ in read_file(packed)] == recorded_day(outages=20)
    bad = tmp_path / "bad.ndjson"
    bad.write_bytes(lines.splitlines(keepends=True)[0] + b'{"source": 1}\n')
    status, _, err = command("rules", "replay", "--current", NOW, "--rules", THEN, "--from", bad)
    assert status == 1
    assert f"{bad}:2: not a recording" in err


def test_a_service_that_is_not_there_is_said(command, monkeypatch):
    monkeypatch.setenv("RECEIVER_PORT", "1")
    status, _, err = command("rules", "replay", "--current", NOW, "--rules", THEN)
    assert status == 1
    assert "--from FILE" in err
