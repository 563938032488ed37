"""A real git repository for tests: what a rules author pushes to. Nothing of this machine's git configuration reaches it."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHIPPED = {p.name: p.read_text() for p in (ROOT / "routing_rules").glob("*.yaml")}


class Repository:
    """A work tree whose `file://` address is the remote."""

    def __init__(self, path: Path, *, branch: str = "main") -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch", branch)
        for key, text in {"user.name": "Anna", "user.email": "anna@example.com", "gpg.format": "ssh", "commit.gpgsign": "false"}.items():
            self.git("config", key, text)

    @property
    def url(self) -> str:
        return f"file://{self.path}"

    def git(self, *words: str, given: bytes = b"") -> str:
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.path), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
        done = subprocess.run(["git", *words], cwd=self.path, input=given, capture_output=True, env=environ, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def write(self, files: dict[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: dict[str, str | bytes] | None = None, *words: str) -> str:
        """Write, commit; the full id."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", "rules", *words)
        return self.git("rev-parse", "HEAD")

    def commit_tree(self, *entries: str) -> str:
        """A commit of a tree that no honest git would make: lines of `git mktree`."""
        tree = self.git("mktree", "--missing", given="".join(f"{entry}\n" for entry in entries).encode())
        commit = self.git("commit-tree", tree, "-p", "HEAD", "-m", "odd")
        self.git("update-ref", "refs/heads/main", commit)
        return commit

    def blob(self, content: bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", given=content)

    def sign_with(self, key: Path) -> None:
        self.git("config", "user.signingkey", str(key))


def ssh_key(path: Path) -> Path:
    """A fresh key pair; the private half."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)
    return path


def signers(path: Path, *keys: Path) -> Path:
    """An allowed signers file of these keys."""
    path.write_text("".join(f"anna@example.com {key.with_suffix('.pub').read_text()}" for key in keys))
    return path
