"""`receiver rules replay` and `record`: recorded webhooks of the running service, or of a file, through another rule set."""

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx

from receiver.cli.output import print_json
from receiver.cli.progress import Progress
from receiver.cli.service import away, base_of, headers_of, refusal
from receiver.cli.usage import Commands, add_command, add_json
from receiver.clock import SystemClock
from receiver.core.errors import ReceiverError
from receiver.rules.load import Reading, read_rules
from receiver.settings import Settings
from receiver.store.recorder import Recording
from receiver.trial.recordings import open_writer, read_file
from receiver.trial.replay import replay as run_replay
from receiver.trial.replay import table
from receiver.trial.revision import revision

VERBS = ("replay", "record")
DIFFERENT = 3


class UsageError(ReceiverError):
    """An argument that can't be meant; the text says what to write."""


class ServiceError(ReceiverError):
    """The running service can't be asked, or refused."""


def add_parsers(verbs: Commands) -> None:
    """Add the verbs of this file below `receiver rules`."""
    again = add_command(
        verbs, "replay", "put recorded webhooks through another rule set and show the difference", "rules replay --git my-branch --since 7d",
        status=f"0 done, 1 a fault, 2 wrong usage, {DIFFERENT} there is a difference and --fail-on-change was given",
    )  # fmt: skip
    other = again.add_mutually_exclusive_group(required=True)
    other.add_argument("--rules", type=Path, metavar="DIR", help="the other rules directory")
    other.add_argument("--git", metavar="REF", help="the rules directory as of another commit, branch or tag of its git repository")
    again.add_argument("--current", type=Path, metavar="DIR", help="the rules to compare with (default: RECEIVER_RULES_DIR)")
    again.add_argument("--since", default="7d", metavar="TIME", help="how far back: a span like 7d, or an instant (default: 7d)")
    again.add_argument("--from", dest="file", type=Path, metavar="FILE", help="recordings from a file of `rules record` instead of the running service")
    add_json(again)
    again.add_argument("--fail-on-change", action="store_true", help=f"exit with {DIFFERENT} when anything differs")
    save = add_command(verbs, "record", "save the running service's recorded webhooks to a file, one JSON object a line", "rules record --out week.ndjson.zst")
    save.add_argument("--out", type=Path, required=True, metavar="FILE", help="compressed when the name ends in .zst")
    save.add_argument("--since", default="7d", metavar="TIME", help="how far back: a span like 7d, or an instant (default: 7d)")


def replay(args: argparse.Namespace, settings: Settings) -> int:
    """Compare two rule sets; raises ReceiverError."""
    directory = args.current or settings.rules_dir
    with contextlib.ExitStack() as stack:
        other = args.rules or stack.enter_context(revision(directory, args.git))
        before, after = read_rules(directory), _read(other, args.git)
        file = args.file
        if file is None:
            file = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="receiver-replay-"))) / "recordings.ndjson.zst"
            _download(settings, args.since, file)
        result = run_replay(before, after, _shown(file))
    if args.json:
        print_json(result.as_json())
    else:
        until = f", {result.first_at:%Y-%m-%d %H:%M} to {result.last_at:%Y-%m-%d %H:%M} UTC" if result.first_at and result.last_at else ""
        sys.stdout.write(f"{result.webhooks} webhooks{until}\n{table(result)}")
    return DIFFERENT if args.fail_on_change and any(result.differences()) else 0


def record(args: argparse.Namespace, settings: Settings) -> int:
    """Save what the running service has recorded; raises ReceiverError."""
    count = _download(settings, args.since, args.out)
    sys.stdout.write(f"ok: {count} webhooks in {args.out}\n")
    return 0


def _read(directory: Path, ref: str | None) -> Reading:
    if ref is None and not directory.is_dir():
        raise UsageError(f"{directory}: no such directory")
    return read_rules(directory)


def _shown(file: Path) -> Iterator[Recording]:
    progress = Progress("webhooks", SystemClock())
    count = 0
    for recording, share in read_file(file):
        count += 1
        yield recording
        progress.show(count, share)
    progress.end()


def _download(settings: Settings, since: str, file: Path) -> int:
    """Stream the recordings into a file; how many there are."""
    url, headers = f"{base_of(settings)}/recordings", headers_of(settings)
    count = 0
    try:
        with httpx.Client(trust_env=False, timeout=60) as http, http.stream("GET", url, params={"since": since}, headers=headers) as answer:
            if answer.status_code != 200:
                raise ServiceError(_refused(answer))
            with open_writer(file) as out:
                for part in answer.iter_bytes():
                    count += part.count(b"\n")
                    out.write(part)
    except httpx.HTTPError as fault:
        raise ServiceError(f"{away(settings, fault)}; or give --from FILE") from None
    except OSError as fault:
        raise ServiceError(f"{file}: cannot be written ({fault.strerror})") from None
    return count


def _refused(answer: httpx.Response) -> str:
    answer.read()
    try:
        said = answer.json()
    except ValueError:
        said = None
    return refusal(answer.status_code, said, answer.request.url.port)
