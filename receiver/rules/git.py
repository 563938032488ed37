"""Rules out of git: a bare mirror, the tree of one commit read as data, nothing of it ever run. Used by `workers.ruleskeeper` and `doctor`.

There is never a work tree: `git ls-tree` says what a commit holds, everything but plain small files refuses the whole commit, and the
blobs are written by us. So no link, no submodule, no filter and no hook of a rules repository can do anything here.
"""

import asyncio
import base64
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from receiver.rules.origin import Place, RulesRefusedError
from receiver.rules.tree import MOST_LISTING, Entry, TreeError, files_of, is_tree, split_batch, write

PATIENCE = 60.0
KEPT = 5
HEAD, LIVE = "refs/receiver/head", "refs/receiver/live"
TEMPLATES = "message_templates"
USUAL = "routing_rules"
MOST_OUTPUT = 20 * 1024 * 1024
_FROM_OUTSIDE = ("PATH", "HOME", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")


@dataclass(frozen=True, kw_only=True, slots=True)
class Remote:
    """Which repository, which branch (or full `refs/…`), which directory in it, and what a commit must prove. `url` may hold a password."""

    url: str
    ref: str = "main"
    path: str = ""
    allowed_signers: Path | None = None
    allow_force: bool = False

    @property
    def full_ref(self) -> str:
        """A branch unless said otherwise: a tag of the same name must not win over it."""
        return self.ref if self.ref.startswith("refs/") else f"refs/heads/{self.ref}"

    def address(self) -> tuple[str, str]:
        """The URL as it may be shown, and the value of an Authorization header made of what was cut out of it."""
        if "://" not in self.url:
            return self.url, ""
        parts = urlsplit(self.url)
        user, at, host = parts.netloc.rpartition("@")
        if parts.scheme == "ssh":
            name = user.partition(":")[0]
            return urlunsplit(parts._replace(netloc=f"{name}{at}{host}")), ""
        bare = urlunsplit(parts._replace(netloc=host))
        name, _, password = user.partition(":")
        return bare, "Basic " + base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode() if user else ""


class _GitError(Exception):
    """Git said no; the text is its own last line."""


class Mirror:
    """The mirror of one remote in the data directory; one process uses it at a time."""

    is_remote = True

    def __init__(self, remote: Remote, data_dir: Path, templates: Path) -> None:
        """Nothing is fetched yet; `templates` are used where the repository has none."""
        self._remote = remote
        self._bare = data_dir / "rules.git"
        self._trees = data_dir / "rules"
        self._templates = templates
        self._shown, self._authorization = remote.address()
        self._made: Place | None = None

    def describe(self) -> str:
        """Address without credentials, ref, and what is asked of a commit."""
        policy = "signed commits only" if self._remote.allowed_signers else "signatures not checked"
        return f"git {self._shown}, {self._remote.ref}, {policy}{', forced history allowed' if self._remote.allow_force else ''}"

    async def offer(self) -> Place:
        """Fetch, judge and write out the newest commit; raises RulesRefusedError, transient when the remote could not be asked."""
        await self._fetch()
        commit = (await self._ask("rev-parse", "--verify", f"{HEAD}^{{commit}}")).decode().strip()
        try:
            await self._judge(commit)
            if self._made is None or self._made.commit != commit:
                self._made = await self._materialise(commit)
        except (_GitError, TreeError, OSError) as fault:
            raise RulesRefusedError(f"git commit {commit[:12]}: {fault}") from None
        return self._made

    async def accept(self, place: Place) -> None:
        """Remember the commit as the live one, which later ones must descend from; forget trees that are old."""
        await self._ask("update-ref", LIVE, place.commit)
        await asyncio.to_thread(self._prune, place.commit)

    async def live(self) -> str:
        """The commit that was live last, or nothing."""
        try:
            return (await self._git("rev-parse", "--verify", "--quiet", LIVE)).decode().strip()
        except (_GitError, OSError):
            return ""

    async def _fetch(self) -> None:
        try:
            if not (self._bare / "HEAD").exists():
                self._bare.mkdir(parents=True, exist_ok=True)
                await self._git("init", "--quiet", "--bare", "--template=", str(self._bare))
            refs = f"+{self._remote.full_ref}:{HEAD}"
            await self._git("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--end-of-options", self._shown, refs)
        except (_GitError, OSError) as fault:
            is_missing = "couldn't find remote ref" in str(fault)
            what = f"no {self._remote.ref} there" if is_missing else str(fault)
            raise RulesRefusedError(f"git {self._shown}: {what}", is_transient=not is_missing) from None

    async def _judge(self, commit: str) -> None:
        """History must go on from what is live, and the commit be signed where that is asked."""
        if not self._remote.allow_force and (live := await self.live()) and live != commit and not await self._descends(commit, live):
            raise TreeError(f"does not descend from the live commit {live[:12]}: the history was rewritten; set RECEIVER_RULES_GIT_ALLOW_FORCE to take it")
        if self._remote.allowed_signers:
            try:
                await self._git("verify-commit", commit)
            except _GitError as fault:
                raise TreeError(f"no signature of an allowed signer ({fault})") from None

    async def _descends(self, commit: str, live: str) -> bool:
        try:
            await self._git("merge-base", "--is-ancestor", live, commit)
        except _GitError:
            return False
        return True

    async def _materialise(self, commit: str) -> Place:
        path = self._remote.path or (USUAL if is_tree(await self._list(commit, USUAL, deep=False), USUAL) else "")
        beside = "/".join([*path.split("/")[:-1], TEMPLATES])
        wanted = await self._list(commit, path)
        if path and not is_tree(await self._list(commit, path, deep=False), path):
            raise TreeError(f"{path}: no such directory in this commit")
        listings = [wanted] if not path else [wanted, await self._list(commit, beside)]
        files = files_of(b"".join(listings))
        blobs = await self._blobs(files)
        root = self._trees / commit
        await asyncio.to_thread(self._write, root, files, blobs)
        templates = root / beside
        return Place(rules=root / path, templates=templates if templates.is_dir() else self._templates, commit=commit)

    async def _list(self, commit: str, path: str, *, deep: bool = True) -> bytes:
        words = ["ls-tree", "-z", "--long", "--full-tree", *(["-r"] if deep else []), commit, *(["--", path] if path else [])]
        return await self._git(*words, most=MOST_LISTING)

    async def _blobs(self, files: tuple[Entry, ...]) -> list[bytes]:
        ids = "".join(f"{entry.blob}\n" for entry in files)
        return split_batch(await self._git("cat-file", "--batch", given=ids.encode()), files)

    def _write(self, root: Path, files: tuple[Entry, ...], blobs: list[bytes]) -> None:
        self._trees.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix="new.", dir=self._trees))
        try:
            write(fresh, files, blobs)
            if root.exists():
                shutil.rmtree(root)
            fresh.rename(root)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _prune(self, live: str) -> None:
        trees = sorted((p for p in self._trees.iterdir() if p.is_dir() and p.name != live), key=lambda p: p.stat().st_mtime, reverse=True)
        for path in trees[KEPT - 1 :]:
            shutil.rmtree(path, ignore_errors=True)

    async def _ask(self, *words: str) -> bytes:
        try:
            return await self._git(*words)
        except (_GitError, OSError) as fault:
            raise RulesRefusedError(f"git {self._shown}: {fault}", is_transient=True) from None

    async def _git(self, *words: str, given: bytes = b"", most: int = MOST_OUTPUT) -> bytes:
        """Run git and give its output; raises _GitError for a refusal, a silence or too much of it. Ends with us: nothing is left running."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as stdin:
            stdin.write(given)
            stdin.seek(0)
            process = await asyncio.create_subprocess_exec(
                "git", *words, stdin=stdin, stdout=out, stderr=err, env=self._environment(), cwd="/", start_new_session=True
            )
            try:
                async with asyncio.timeout(PATIENCE):
                    status = await process.wait()
            except BaseException as fault:  # cancelled or too slow: git's own helpers must end too
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                if isinstance(fault, TimeoutError):
                    raise _GitError(f"no answer in {PATIENCE:.0f} s") from None
                raise
            out.seek(0)
            err.seek(0)
            if status:
                raise _GitError(_last_line(err.read(65536)) or f"git {words[0]} ended with {status}")
            answer = out.read(most + 1)
        if len(answer) > most:
            raise _GitError(f"git {words[0]} says more than {most} bytes")
        return answer

    def _environment(self) -> dict[str, str]:
        """Nothing of the machine's or a person's git configuration; credentials travel here, never as an argument that others can see."""
        kept = {name: os.environ[name] for name in _FROM_OUTSIDE if name in os.environ}
        config: dict[str, str] = {
            "core.hooksPath": "/dev/null",
            "core.fsmonitor": "false",
            "gc.auto": "0",
            "maintenance.auto": "false",
            "credential.helper": "",
            "http.followRedirects": "false",
            "gpg.format": "ssh",
            "gpg.minTrustLevel": "fully",
            "gpg.openpgp.program": "/bin/false",
            "gpg.x509.program": "/bin/false",
        }
        if self._authorization:
            config[f"http.{self._shown}.extraHeader"] = f"Authorization: {self._authorization}"
        if self._remote.allowed_signers:
            config["gpg.ssh.allowedSignersFile"] = str(self._remote.allowed_signers.absolute())
        return {
            **kept,
            "LC_ALL": "C",
            "GIT_DIR": str(self._bare.absolute()),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "file:https:ssh",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
            **_numbered(config),
        }


def _numbered(config: Mapping[str, str]) -> dict[str, str]:
    pairs = [(f"GIT_CONFIG_{what}_{number}", text) for number, pair in enumerate(config.items()) for what, text in zip(("KEY", "VALUE"), pair, strict=True)]
    return {"GIT_CONFIG_COUNT": str(len(config)), **dict(pairs)}


def _last_line(text: bytes) -> str:
    """The line that says what is wrong: the last `fatal:` or `error:`, else the last of all."""
    lines = [line.strip() for line in text.decode("utf-8", "replace").splitlines() if line.strip()]
    told = [line.partition(": ")[2] for line in lines if line.startswith(("fatal: ", "error: "))]
    return (told or lines or [""])[-1 if not told else 0][:300]
