"""The schemas editors use: written from the models, committed, right for every good file and wrong for most wrong ones."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from receiver.cli.rules import write_schemas
from receiver.rules.json_schema import schema_texts
from receiver.rules.yaml import read_yaml
from tests.rules.overlay import BASE, CASES, GOLDEN

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "routing_rules"
SCHEMAS = {name: Draft202012Validator(json.loads(text)) for name, text in schema_texts().items()}


def schema_of(path: Path) -> Draft202012Validator:
    return SCHEMAS["examples.json" if path.parent.name == "examples" else f"{path.stem}.json"]


def complaints(path: Path) -> list[str]:
    return [error.message for error in schema_of(path).iter_errors(read_yaml(path.name, path.read_bytes()).tree)]


def test_the_committed_schemas_are_what_the_command_writes(tmp_path: Path) -> None:
    assert write_schemas(tmp_path) == 0
    committed = SHIPPED / ".schema"
    assert {path.name: path.read_text("utf-8") for path in committed.iterdir()} == {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}


def test_a_directory_that_cannot_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert write_schemas(tmp_path / "file") == 1
    assert "--out" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(schema_texts()))
def test_every_schema_is_a_schema(name: str) -> None:
    schema = json.loads(schema_texts()[name])
    Draft202012Validator.check_schema(schema)
    assert schema["properties"]["version"]["const"] == 1
    assert all(entry["description"] for entry in schema["$defs"].values())


@pytest.mark.parametrize("path", [*sorted(SHIPPED.rglob("*.yaml")), *sorted(BASE.rglob("*.yaml"))], ids=lambda p: f"{p.parent.name}/{p.name}")
def test_good_files_are_good_by_their_schema(path: Path) -> None:
    assert complaints(path) == []


@pytest.mark.parametrize("path", sorted(SHIPPED.rglob("*.yaml")), ids=lambda p: p.name)
def test_every_shipped_file_names_its_schema(path: Path) -> None:
    first = path.read_text("utf-8").splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("=")[2]).resolve() in set((SHIPPED / ".schema").iterdir())


def test_aliases_are_the_words_of_the_files() -> None:
    assert {"from", "to"} <= set(SCHEMAS["routes.json"].schema["$defs"]["Span"]["properties"])
    assert "continue" in SCHEMAS["routes.json"].schema["$defs"]["RouteEntry"]["properties"]


def test_most_wrong_configurations_are_refused_while_typing() -> None:
    refused = set()
    for case in CASES:
        for path in (GOLDEN / case).rglob("*.yaml"):
            known = path.parent.name == "examples" or f"{path.stem}.json" in SCHEMAS
            document = read_yaml(path.name, path.read_bytes())
            if known and document.is_whole and not document.faults and complaints(path):
                refused.add(case)
    assert len(refused) >= 80, sorted(refused)
    assert {"unknown-key", "unknown-channel", "bad-duration", "missing-fallback", "secret-in-file", "wrong-version"} <= refused


def test_an_installed_package_carries_the_schemas(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"receiver/_routing_rules/.schema/{name}" for name in SCHEMAS} <= names
    assert "receiver/_routing_rules/routes.yaml" in names


def test_yaml_readers_agree_on_the_shipped_files() -> None:
    for path in SHIPPED.rglob("*.yaml"):
        assert read_yaml(path.name, path.read_bytes()).tree == yaml.safe_load(path.read_text("utf-8"))
