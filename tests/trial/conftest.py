"""Commands of these tests find the repository's templates and keep nothing outside their directory."""

from collections.abc import Callable
from pathlib import Path

import pytest

from receiver.cli.main import main
from tests.harness import ROOT

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run `receiver …`: exit status, standard output, standard error."""
    for name, value in {"DATA_DIR": tmp_path / "data", "TEMPLATES_DIR": ROOT / "message_templates", "RULES_DIR": ROOT / "routing_rules"}.items():
        monkeypatch.setenv(f"RECEIVER_{name}", str(value))

    def run(*words: object) -> tuple[int, str, str]:
        status = main([str(word) for word in words])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run
