"""The shape of the house, held by machine: sizes, wall clock, lock files, contracts that bite."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGE = sorted((ROOT / "receiver").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def functions(path: Path) -> list[tuple[str, int]]:
    tree = ast.parse(path.read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [(f"{path.name}:{n.name}", (n.end_lineno or n.lineno) - n.lineno + 1) for n in ast.walk(tree) if isinstance(n, kinds)]


@pytest.mark.parametrize("path", PACKAGE + TESTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_file_is_longer_than_350_lines(path):
    assert len(path.read_text().splitlines()) <= 350


def test_no_function_is_longer_than_50_lines_and_nine_of_ten_are_within_30():
    sizes = sorted((size, name) for path in PACKAGE for name, size in functions(path))
    assert [(name, size) for size, name in sizes if size > 50] == []
    assert sizes[int(len(sizes) * 0.9)][0] <= 30


def test_only_the_clock_asks_the_machine_for_the_time():
    wall = re.compile(r"\bdatetime\.now\(|\bdatetime\.utcnow\(|\btime\.time\(|\bdate\.today\(|redis\.call\('TIME'\)")
    found = [p.name for p in [*PACKAGE, *(ROOT / "receiver").rglob("*.lua")] if p.name != "clock.py" and wall.search(p.read_text())]
    assert found == []


def test_lock_files_pin_by_hash_and_name_no_host():
    for name in ("requirements.lock", "tests/requirements.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        pinned = [line for line in text.splitlines() if re.match(r"[a-z0-9]", line)]
        assert pinned
        assert all("==" in line and line.rstrip().endswith("\\") for line in pinned), "every requirement has hashes"
        assert any(line.startswith("hatchling==") for line in pinned), "the README installs without build isolation: the lock brings the build backend"


def test_the_image_runs_as_nobody_special_and_says_how_it_is():
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER 1\d{4}$", text, re.M)
    assert "HEALTHCHECK" in text
    assert text.count("FROM ") == 2


def test_the_readmes_second_command_is_what_ci_runs():
    blocks = re.findall(r"^```\n(.*?)\n```$", (ROOT / "README.md").read_text(), re.M | re.S)
    assert blocks[0].endswith("receiver demo")
    assert "\n" not in blocks[0]
    assert blocks[1] in (ROOT / ".ci/run").read_text()


BREACHES = {
    "core imports the engine": ("core/alert.py", "import receiver.engine"),
    "workers know web": ("workers/waker.py", "import receiver.web.auth"),
    "redis outside store": ("engine.py", "import redis"),
    "litestar outside web": ("workers/waker.py", "import litestar"),
    "telegram outside its channel": ("workers/poller.py", "import telegram"),
    "the customers' side knows incidents": ("web/status/pages.py", "import receiver.core.incident"),
    "somebody else decides": ("workers/waker.py", "import receiver.core.decide"),
    "a room nobody drew": ("extra.py", "import receiver.core.alert"),
}


@pytest.mark.parametrize("breach", BREACHES, ids=lambda b: b.replace(" ", "-"))
def test_import_contracts_bite(tmp_path, breach):
    shutil.copytree(ROOT / "receiver", tmp_path / "receiver")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    name, line = BREACHES[breach]
    path = tmp_path / "receiver" / name
    path.write_text((path.read_text() if path.exists() else '"""New."""\n') + f"\n{line}\n")
    words = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"}, check=False)
    assert done.returncode != 0
    assert "BROKEN" in done.stdout or "not listed" in done.stdout + done.stderr, done.stdout + done.stderr
