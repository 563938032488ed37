"""Rules out of real repositories: what is taken, what is refused and with which words, and that nothing of a repository is ever run."""

import base64
import os
from pathlib import Path

import pytest

from receiver.rules.git import KEPT, Mirror, Remote
from receiver.rules.load import load_rules
from receiver.rules.origin import Place, RulesRefusedError
from receiver.rules.tree import MOST_BYTES, MOST_FILE, MOST_FILES
from tests.fakes.repository import ROOT, SHIPPED, Repository, signers, ssh_key

UNDER = {f"routing_rules/{name}": text for name, text in SHIPPED.items()}
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n"


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "remote")


def mirror(tmp_path: Path, repository: Repository, **fields) -> Mirror:
    return Mirror(Remote(url=repository.url, **fields), tmp_path / "data", ROOT / "message_templates")


async def refusal(one: Mirror) -> str:
    with pytest.raises(RulesRefusedError) as caught:
        await one.offer()
    return str(caught.value)


async def taken(one: Mirror) -> Place:
    place = await one.offer()
    await one.accept(place)
    return place


async def test_the_newest_commit_is_written_out_as_plain_files(tmp_path, repository):
    commit = repository.commit({**UNDER, "README.md": "rules", "routing_rules/examples/run.sh": "exit 1"})
    (repository.path / "routing_rules/examples/run.sh").chmod(0o755)
    repository.commit()
    place = await taken(mirror(tmp_path, repository))
    assert place.rules == tmp_path / "data/rules" / place.commit / "routing_rules"
    assert place.commit != commit
    assert load_rules(place.rules).version == load_rules(ROOT / "routing_rules").version
    assert not (place.rules.parent / "README.md").exists()
    assert not (place.rules / "examples/run.sh").stat().st_mode & 0o111


async def test_rules_at_the_root_in_a_named_directory_and_templates_beside_them(tmp_path, repository):
    repository.commit({**SHIPPED, "message_templates/a.j2": "root"})
    place = await mirror(tmp_path, repository).offer()
    assert place.rules.name == place.commit
    assert (place.templates / "a.j2").read_text() == "root"
    repository.git("rm", "-rq", ".")
    repository.commit({**{f"ops/alerts/{n}": t for n, t in SHIPPED.items()}, "ops/message_templates/a.j2": "beside"})
    place = await mirror(tmp_path, repository, path="ops/alerts").offer()
    assert (place.rules / "routes.yaml").exists()
    assert (place.templates / "a.j2").read_text() == "beside"
    assert "ops/nowhere: no such directory" in await refusal(mirror(tmp_path, repository, path="ops/nowhere"))


async def test_without_templates_in_the_repository_those_of_the_settings_are_used(tmp_path, repository):
    repository.commit(UNDER)
    assert (await mirror(tmp_path, repository).offer()).templates == ROOT / "message_templates"


async def test_a_branch_wins_over_a_tag_of_the_same_name(tmp_path, repository):
    old = repository.commit(UNDER)
    repository.git("tag", "main")
    new = repository.commit({"routing_rules/routes.yaml": SHIPPED["routes.yaml"] + "# more\n"})
    assert (await mirror(tmp_path, repository).offer()).commit == new
    assert (await mirror(tmp_path, repository, ref="refs/tags/main").offer()).commit == old


def bad_trees(r: Repository) -> dict[str, tuple[list[str], str]]:
    plain, small = r.git("rev-parse", "HEAD:routing_rules/routes.yaml"), r.blob(b"/etc/passwd")
    inner = r.git("mktree", given=f"100644 blob {small}\tpasswd\n".encode())
    return {
        "link": ([f"100644 blob {plain}\troutes.yaml", f"120000 blob {small}\tpeople.yaml"], "people.yaml: is a symbolic link"),
        "link to the rules": ([f"120000 blob {small}\trouting_rules"], "routing_rules: is a symbolic link"),
        "submodule": ([f"160000 commit {'1' * 40}\tvendor"], "vendor: is a submodule"),
        "up": ([f"040000 tree {inner}\t.."], "'../passwd': a name that leads elsewhere"),
        "dot git": ([f"040000 tree {inner}\t.GIT"], "'.GIT/passwd': a name that leads elsewhere"),
        "backslash": ([f"100644 blob {small}\ta\\b"], "a name that leads elsewhere"),
        "control": ([f"100644 blob {small}\ta\x1b[2Jb.yaml"], "a control character in the name"),
        "turned": ([f"100644 blob {small}\ta\u202elmay.b"], "a control character in the name"),
        "not utf-8": ([f"100644 blob {small}\ta\udcff"], "the name is not UTF-8"),
        "pointer": ([f"100644 blob {r.blob(LFS.encode())}\troutes.yaml"], "routes.yaml: is a pointer to Git LFS"),
        "huge": ([f"100644 blob {r.blob(b' ' * (MOST_FILE + 1))}\troutes.yaml"], f"routes.yaml: {MOST_FILE + 1} bytes"),
        "heavy": ([f"100644 blob {r.blob(b' ' * MOST_FILE)}\tf{n:02d}" for n in range(17)], f"f16: all files together have more than {MOST_BYTES} bytes"),
        "many": ([f"100644 blob {small}\tf{n:04d}" for n in range(MOST_FILES + 1)], f"holds {MOST_FILES + 1} files"),
    }


@pytest.mark.parametrize("case", ["link", "link to the rules", "submodule", "up", "dot git", "backslash", "control", "turned", "not utf-8", "pointer",
                                  "huge", "heavy", "many"])  # fmt: skip
async def test_whatever_is_no_plain_small_file_refuses_the_whole_commit(tmp_path, repository, case):
    good = repository.commit(UNDER)
    one = mirror(tmp_path, repository)
    await taken(one)
    entries, reason = bad_trees(repository)[case]
    tree = repository.git("mktree", "--missing", "-z", given="".join(f"{e}\0" for e in entries).encode("utf-8", "surrogateescape"))
    bad = repository.git("commit-tree", tree, "-p", "HEAD", "-m", "odd")
    repository.git("update-ref", "refs/heads/main", bad)
    told = await refusal(one)
    assert reason in told
    assert bad[:12] in told
    assert await one.live() == good
    assert [p.name for p in (tmp_path / "data/rules").iterdir()] == [good]
    assert not (tmp_path / "data/passwd").exists()


async def test_a_missing_branch_and_a_silent_remote_say_so(tmp_path, repository):
    repository.commit(UNDER)
    assert "no develop there" in await refusal(mirror(tmp_path, repository, ref="develop"))
    gone = Mirror(Remote(url=f"file://{tmp_path}/nowhere"), tmp_path / "data", ROOT)
    with pytest.raises(RulesRefusedError) as caught:
        await gone.offer()
    assert caught.value.is_transient
    assert "nowhere" in str(caught.value)


async def test_rewritten_history_is_refused_unless_allowed(tmp_path, repository):
    first = repository.commit(UNDER)
    live = repository.commit({"routing_rules/routes.yaml": SHIPPED["routes.yaml"] + "# more\n"})
    assert (await taken(mirror(tmp_path, repository))).commit == live
    repository.git("reset", "--hard", "--quiet", first)
    forced = repository.commit({"routing_rules/routes.yaml": SHIPPED["routes.yaml"] + "# other\n"})
    told = await refusal(mirror(tmp_path, repository))
    assert f"does not descend from the live commit {live[:12]}" in told
    repository.git("reset", "--hard", "--quiet", first)
    assert "does not descend" in await refusal(mirror(tmp_path, repository))
    repository.git("reset", "--hard", "--quiet", forced)
    assert (await taken(mirror(tmp_path, repository, allow_force=True))).commit == forced


async def test_only_an_allowed_signer_changes_the_rules(tmp_path, repository):
    anna, mallory = ssh_key(tmp_path / "anna"), ssh_key(tmp_path / "mallory")
    one = mirror(tmp_path, repository, allowed_signers=signers(tmp_path / "signers", anna))
    repository.sign_with(anna)
    good = repository.commit(UNDER, "-S")
    assert (await taken(one)).commit == good
    repository.commit({"routing_rules/routes.yaml": SHIPPED["routes.yaml"] + "# unsigned\n"})
    assert "no signature of an allowed signer" in await refusal(one)
    repository.sign_with(mallory)
    repository.commit({"routing_rules/routes.yaml": SHIPPED["routes.yaml"] + "# a stranger\n"}, "-S")
    assert "no signature of an allowed signer" in await refusal(one)
    assert await one.live() == good
    repository.sign_with(anna)
    again = repository.commit({}, "-S")
    assert (await taken(one)).commit == again


async def test_no_hook_and_no_filter_of_a_repository_runs(tmp_path, repository):
    trap = tmp_path / "sprung"
    repository.commit({**UNDER, ".gitattributes": "* filter=trap\n", ".lfsconfig": "[lfs]\n"})
    one = mirror(tmp_path, repository)
    await taken(one)
    hooks = tmp_path / "data/rules.git/hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "post-update", "reference-transaction", "post-rewrite", "fsmonitor-watchman"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {trap}\n")
        (hooks / name).chmod(0o755)
    repository.commit({"routing_rules/routes.yaml": SHIPPED["routes.yaml"] + "# more\n"})
    await taken(one)
    assert not trap.exists()


async def test_the_last_five_trees_are_kept(tmp_path, repository):
    one = mirror(tmp_path, repository)
    commits = []
    for n in range(KEPT + 3):
        commits.append(repository.commit({**UNDER, "routing_rules/routes.yaml": SHIPPED["routes.yaml"] + f"# {n}\n"}))
        await taken(one)
        os.utime(tmp_path / "data/rules" / commits[-1], (n, n))
    assert {p.name for p in (tmp_path / "data/rules").iterdir()} == set(commits[-KEPT:])


async def test_a_half_written_tree_of_an_earlier_run_is_replaced(tmp_path, repository):
    commit = repository.commit(UNDER)
    half = tmp_path / "data/rules" / commit / "routing_rules"
    half.mkdir(parents=True)
    (half / "routes.yaml").write_text("")
    place = await mirror(tmp_path, repository).offer()
    assert (place.rules / "routes.yaml").read_text() == SHIPPED["routes.yaml"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/rules", "git://127.0.0.1:9/rules", "ext::sh -c touch% ran"])
async def test_other_ways_to_fetch_than_file_https_and_ssh_are_refused(tmp_path, url):
    told = await refusal(Mirror(Remote(url=url), tmp_path / "data", ROOT))
    assert f"transport '{url.partition(':')[0]}' not allowed" in told


def test_credentials_leave_the_address_and_travel_as_a_header():
    shown, header = Remote(url="https://deploy:p%40ss@git.example:8443/ops/rules.git").address()
    assert shown == "https://git.example:8443/ops/rules.git"
    assert base64.b64decode(header.removeprefix("Basic ")) == b"deploy:p@ss"
    assert Remote(url="ssh://git:pw@git.example/rules").address() == ("ssh://git@git.example/rules", "")
    assert Remote(url="git@git.example:rules").address() == ("git@git.example:rules", "")
    said = Mirror(Remote(url="https://deploy:p%40ss@git.example/rules"), Path("data"), Path("t")).describe()
    assert said == "git https://git.example/rules, main, signatures not checked"


async def test_an_unreachable_remote_is_told_without_its_password(tmp_path):
    told = await refusal(Mirror(Remote(url="https://deploy:hunter22@127.0.0.1:9/rules"), tmp_path / "data", ROOT))
    assert "127.0.0.1:9" in told
    assert "hunter22" not in told
    assert not any("hunter22" in p.read_text("utf-8", "replace") for p in (tmp_path / "data").rglob("*") if p.is_file())
