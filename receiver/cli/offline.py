"""`receiver notices twin DIR` and `receiver notices publish --offline`: the static copy without the service, when the service itself is what is down.

Needs the rules, the texts and the last good copy in RECEIVER_DATA_DIR; no store, no network. Only texts of the house can be published so.
"""

import getpass
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from receiver.channels.notice_texts import NoticeTexts
from receiver.clock import Clock, SystemClock
from receiver.core.notice import Impact, PublicNotice
from receiver.core.notice_event import Actor
from receiver.core.notice_plan import Facts, World
from receiver.core.notice_public import project
from receiver.core.notice_record import Notice, Stage
from receiver.core.notice_rules import NoticeRules
from receiver.core.notice_text import KEYS, STARTERS
from receiver.notice_engine import speak_alone
from receiver.rules.origin import Place
from receiver.settings import Settings
from receiver.store.notice_desk import new_notice_id
from receiver.web.status.edition import OLD_COPY, Edition, site_of
from receiver.web.status.shelf import load_copy
from receiver.web.status.twin import write_copy
from receiver.workers.ruleskeeper import load, nothing_to_prove


class OfflineError(Exception):
    """What was asked for cannot be published; the message says why."""


def twin(settings: Settings, directory: Path, clock: Clock | None = None) -> int:
    """Write the static copy of what was public last into a directory of its own; 1 when nothing ever was read."""
    clock, rules = clock or SystemClock(), _rules(settings)
    held = load_copy(settings.data_dir / "public-notices.json")
    if rules is None or held is None:
        sys.stderr.write("nothing to write: " + ("there is no notices.yaml\n" if rules is None else f"no copy was ever kept in {settings.data_dir}\n"))
        return 1
    _write(settings, rules, held.notices, directory, clock)
    sys.stdout.write(f"{directory}: what was public at {held.as_of.isoformat(timespec='seconds')}\n")
    return 0


def publish(settings: Settings, target: str, key: str, impact: str | None, directory: Path | None, clock: Clock | None = None) -> int:
    """A notice about a component, or the next word of one that was begun so; 1 with a sentence when that cannot be."""
    clock, rules = clock or SystemClock(), _rules(settings)
    if rules is None:
        sys.stderr.write("there is no notices.yaml: customers are told nothing\n")
        return 1
    into = directory or settings.status_dir
    try:
        told = _tell(settings, rules, _begun(settings), target, key, impact, clock)
    except OfflineError as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    kept = load_copy(settings.data_dir / "public-notices.json")
    begun = {**_begun(settings), told.id: told}
    _file(settings).write_bytes(msgspec.json.encode(list(begun.values())))
    ours = [shown for one in begun.values() if (shown := project(one))]
    _write(settings, rules, tuple(sorted([*ours, *(kept.notices if kept else ())], key=lambda n: n.updated_at, reverse=True)), into, clock)
    update = told.updates[-1]
    for language, text in update.texts.items():
        sys.stdout.write(f"[{language}] {text.title}\n{text.body}\n\n")
    sys.stdout.write(
        f"{told.id} is in {into}: push it to where customers read it. The next word: receiver notices publish --offline {told.id} --text still-working\n"
    )
    sys.stdout.write("The service knows nothing of it: once it runs, begin the notice there (receiver notices draft).\n")
    return 0


def _tell(settings: Settings, rules: NoticeRules, begun: Mapping[str, Notice], target: str, key: str, impact: str | None, clock: Clock) -> Notice:
    known, now = begun.get(target.upper()), clock.now()
    if known is None and target not in rules.components:
        raise OfflineError(f"no component {target!r} in notices.yaml: {', '.join(rules.components)}; and no notice begun offline: {', '.join(begun) or 'none'}")
    if key not in (KEYS if known else STARTERS) or key == "planned":
        raise OfflineError(f"no text {key!r}: {', '.join(k for k in (KEYS if known else STARTERS) if k != 'planned')}")
    notice = known or Notice(id=new_notice_id(), opened_at=now, started_at=now, stage=Stage.OPEN, components=(target,), starter=key)
    if known and known.phase and known.phase.is_over:
        raise OfflineError(f"{known.id} is over")
    actor = Actor(id=f"cli:{getpass.getuser()}", name="cli", roles=frozenset({"comms_lead", "admin"}))
    world = World(rules=rules, facts=Facts(), compose=NoticeTexts(settings.templates_dir).compose, now=now)
    plan = speak_alone(notice, key, Impact(impact) if impact else None, actor, world)
    if len(plan.next.updates) == len(notice.updates):
        raise OfflineError(f"not published: {plan.reason.value} {' '.join(remark.word for remark in plan.remarks)}".strip())
    return replace(plan.next, deliveries={}, draft=None)


def _write(settings: Settings, rules: NoticeRules, notices: tuple[PublicNotice, ...], directory: Path, clock: Clock) -> None:
    held, now = load_copy(settings.data_dir / "public-notices.json"), clock.now()
    newest = max((n.updated_at for n in notices), default=now)
    as_of = max(held.as_of, newest) if held else newest
    site = site_of(rules, settings.page_url, is_indexed=bool(settings.status_url))
    write_copy(Edition(site=site, notices=notices, as_of=min(as_of, now), now=now, is_kept=now - as_of > OLD_COPY), directory)


def _begun(settings: Settings) -> dict[str, Notice]:
    try:
        found = msgspec.json.decode(_file(settings).read_bytes(), type=list[Notice])
    except (OSError, msgspec.DecodeError):
        return {}
    return {one.id: one for one in found}


def _file(settings: Settings) -> Path:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return settings.data_dir / "offline-notices.json"


def _rules(settings: Settings) -> NoticeRules | None:
    return load(Place(rules=settings.rules_dir, templates=settings.templates_dir), nothing_to_prove).book.notices
