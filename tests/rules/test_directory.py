"""What stands in a rules directory that is no file of rules: links, directories, pipes, strangers, and what editors and git keep there."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from receiver.rules.load import RulesError, load_rules
from tests.rules.overlay import BASE, overlay

UNPRIVILEGED = 65534


def faults(directory: Path) -> list[str]:
    with pytest.raises(RulesError) as caught:
        load_rules(directory)
    return [str(fault) for fault in caught.value.faults]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return overlay("_base", tmp_path / "rules")


def test_a_link_may_not_lead_out(rules: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("password: x\n")
    (rules / "services.yaml").unlink()
    (rules / "services.yaml").symlink_to(tmp_path / "secret.yaml")
    assert faults(rules)[-1] == "services.yaml:1:1: this link leads out of the rules directory, put the file itself here"


def test_a_link_to_nothing_is_named(rules: Path) -> None:
    (rules / "services.yaml").unlink()
    (rules / "services.yaml").symlink_to(rules / "nowhere.yaml")
    assert "services.yaml:1:1: cannot be read (No such file or directory), remove the link" in faults(rules)


def test_mounted_configuration_is_links_that_stay_inside(tmp_path: Path) -> None:
    """Kubernetes mounts every file as a link into a directory that begins with two dots."""
    (tmp_path / "..2026").mkdir()
    (tmp_path / "..data").symlink_to("..2026")
    for name in ("routes.yaml", "destinations.yaml", "people.yaml"):
        (tmp_path / "..2026" / name).write_bytes((BASE / name).read_bytes())
        (tmp_path / name).symlink_to(f"..data/{name}")
    assert set(load_rules(tmp_path).people) == {"anna", "boris", "sveta"}


def test_a_directory_in_place_of_a_file(rules: Path) -> None:
    (rules / "services.yaml").unlink()
    (rules / "services.yaml").mkdir()
    assert "services.yaml:1:1: this is not a file, put a file here, or remove it" in faults(rules)


def test_a_pipe_does_not_hold_the_loader(rules: Path) -> None:
    (rules / "services.yaml").unlink()
    os.mkfifo(rules / "services.yaml")
    began = time.monotonic()
    assert "services.yaml:1:1: this is not a file, put a file here, or remove it" in faults(rules)
    assert time.monotonic() - began < 5


def test_a_file_that_is_too_large(rules: Path) -> None:
    (rules / "services.yaml").write_bytes(b"# " + b"x" * (1 << 20))
    assert "services.yaml:1:1: the file has 1048577 bytes, keep each file within 1048576 bytes" in faults(rules)


@contextlib.contextmanager
def as_somebody() -> Iterator[None]:
    """Root may read everything, so it looks as a user that has no privilege; anybody else looks as they are."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(UNPRIVILEGED)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_file_nobody_may_read() -> None:
    with tempfile.TemporaryDirectory() as place:  # not tmp_path: its parents are for its owner alone
        Path(place).chmod(0o755)
        rules = overlay("_base", Path(place) / "rules")
        load_rules(rules)  # and whatever it imports late, which lies where only root may look
        (rules / "services.yaml").chmod(0)
        with as_somebody():
            assert "services.yaml:1:1: cannot be read (Permission denied), check its permissions" in faults(rules)


def test_hidden_directories_and_other_files_are_left_alone(rules: Path) -> None:
    before = load_rules(rules).version
    for name in (".git", ".schema", ".vscode"):
        (rules / name).mkdir()
        (rules / name / "own.yaml").write_text("a: b\n")
    (rules / "README.md").write_text("# ours\n")
    (rules / "routes.yaml~").write_text("a: b\n")
    (rules / ".routes.yaml.swp").write_text("a: b\n")
    assert load_rules(rules).version == before


def test_the_base_is_whole() -> None:
    assert load_rules(BASE).warnings == ()
