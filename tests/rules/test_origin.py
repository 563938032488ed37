"""The last good set survives crashes of its keeping, and a change of any file is seen."""

import os
import shutil
from pathlib import Path

import pytest

from receiver.rules.load import load_rules
from receiver.rules.origin import GOOD, Directory, Place, fingerprint, keep, last_good
from tests.harness import ROOT


@pytest.fixture
def place(tmp_path):
    rules, templates = tmp_path / "rules", tmp_path / "templates"
    shutil.copytree(ROOT / "routing_rules", rules)
    shutil.copytree(ROOT / "message_templates", templates)
    (rules / "examples").mkdir(exist_ok=True)
    return Place(rules=rules, templates=templates, commit="abc")


def test_what_is_kept_is_the_same_set(tmp_path, place):
    (place.rules / "examples/a.yaml").write_text("version: 1\nat: '2026-11-23T03:02+03:00'\nexamples: []\n")
    (place.rules / "notes.txt").write_text("not a rule")
    keep(place, tmp_path / "data")
    found = last_good(tmp_path / "data")
    assert found is not None
    assert found.commit == "abc"
    assert sorted(p.name for p in found.templates.iterdir()) == sorted(p.name for p in place.templates.iterdir())
    assert not (found.rules / "notes.txt").exists()
    assert (found.rules / "examples/a.yaml").exists()
    (place.rules / "examples/a.yaml").unlink()
    keep(place, tmp_path / "data")
    assert load_rules(found.rules).version == load_rules(place.rules).version
    assert [p.name for p in (tmp_path / "data").iterdir()] == [GOOD]


@pytest.mark.parametrize("crash_at", range(1, 40))
def test_a_crash_at_any_step_of_keeping_leaves_a_whole_set(tmp_path, place, monkeypatch, crash_at):
    """Every call that changes the disk is a step; the process dies before the n-th."""
    data = tmp_path / "data"
    keep(place, data)
    old = load_rules(place.rules).version
    (place.rules / "routes.yaml").write_text((place.rules / "routes.yaml").read_text() + "# newer\n")
    new = load_rules(place.rules).version
    steps = 0

    def counted(real):
        def call(*args, **kwargs):
            nonlocal steps
            steps += 1
            if steps == crash_at:
                raise KeyboardInterrupt
            return real(*args, **kwargs)

        return call

    for owner, name in ((shutil, "copyfile"), (shutil, "rmtree"), (Path, "rename"), (Path, "write_text"), (Path, "mkdir"), (os, "mkdir")):
        monkeypatch.setattr(owner, name, counted(getattr(owner, name)))
    died = False
    try:
        keep(place, data)
    except KeyboardInterrupt:
        died = True
    monkeypatch.undo()
    found = last_good(data)
    assert found is not None
    assert load_rules(found.rules).version in ((old, new) if died else (new,))


def test_half_a_copy_is_no_set(tmp_path, place):
    keep(place, tmp_path)
    (tmp_path / GOOD / "commit").unlink()
    assert last_good(tmp_path) is None
    assert last_good(tmp_path / "nowhere") is None


async def test_each_change_shows_in_the_fingerprint(place):
    assert await Directory(place.rules, place.templates).offer() == Place(rules=place.rules, templates=place.templates)
    seen = {fingerprint(place)}
    (place.rules / "routes.yaml").write_text((place.rules / "routes.yaml").read_text() + "# more\n")
    seen.add(fingerprint(place))
    (place.templates / "why.en.html.j2").unlink()
    seen.add(fingerprint(place))
    (place.rules / "examples/new.yaml").write_text("")
    seen.add(fingerprint(place))
    os.utime(place.rules / "people.yaml", (1, 1))
    seen.add(fingerprint(place))
    assert len(seen) == 5
    assert fingerprint(Place(rules=place.rules / "gone", templates=place.rules / "gone")) == ()


def test_a_swapped_link_shows_though_no_name_has_changed(tmp_path, place):
    """Kubernetes mounts a directory of links and swaps what they lead to."""
    shutil.copytree(place.rules, tmp_path / "second")
    (tmp_path / "now").symlink_to(place.rules)
    mounted = Place(rules=tmp_path / "now", templates=place.templates)
    before = fingerprint(mounted)
    (tmp_path / "now").unlink()
    (tmp_path / "now").symlink_to(tmp_path / "second")
    assert fingerprint(mounted) != before
