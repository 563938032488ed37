"""`receiver notices twin DIR` and `receiver notices publish --offline`: the static copy without the service, when the service itself is what is down.

Needs the rules, the texts and the last good copy in RECEIVER_DATA_DIR; no store, no network. Only texts of the house can be published so.
"""

import getpass
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from receiver.channels.notice_texts import NoticeTexts
from receiver.clock import Clock, SystemClock
from receiver.core.notice import Impact, NoticeId
from receiver.core.notice_event import Actor
from receiver.core.notice_offline import join, offline_update_id, revive
from receiver.core.notice_plan import Facts, World
from receiver.core.notice_public import project
from receiver.core.notice_record import Notice, Stage
from receiver.core.notice_rules import NoticeRules
from receiver.core.notice_text import PHRASES, STARTERS
from receiver.notice_engine import speak_alone
from receiver.rules.origin import Place
from receiver.settings import Settings
from receiver.store.notice_desk import new_notice_id
from receiver.web.status.edition import OLD_COPY, Edition, site_of
from receiver.web.status.shelf import Copy, load_copy, save_copy
from receiver.web.status.twin import write_copy
from receiver.workers.offline_words import FILE, read_told
from receiver.workers.ruleskeeper import load, nothing_to_prove

_COPY = "public-notices.json"  # as the status page's shelf keeps it


class OfflineError(Exception):
    """What was asked for cannot be published; the message says why."""


def twin(settings: Settings, directory: Path, clock: Clock | None = None) -> int:
    """Write the static copy of what was public last into a directory of its own; 1 when nothing ever was read."""
    clock, rules = clock or SystemClock(), _rules(settings)
    kept = _kept(settings)
    if rules is None or not kept.notices:
        sys.stderr.write("nothing to write: " + ("there is no notices.yaml\n" if rules is None else f"no copy was ever kept in {settings.data_dir}\n"))
        return 1
    _write(settings, rules, kept, directory, clock)
    sys.stdout.write(f"{directory}: what was public at {kept.as_of.isoformat(timespec='seconds')}\n")
    return 0


def publish(settings: Settings, target: str, key: str, impact: str | None, directory: Path | None, clock: Clock | None = None) -> int:
    """A notice about a component, or the next word of one that customers read already; 1 with a sentence when that cannot be."""
    clock, rules = clock or SystemClock(), _rules(settings)
    if rules is None:
        sys.stderr.write("there is no notices.yaml: customers are told nothing\n")
        return 1
    kept, into = _kept(settings), directory or settings.status_dir
    try:
        told = _tell(settings, rules, kept, target, key, impact, clock)
    except OfflineError as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    shown = project(told)
    if shown is None:
        raise AssertionError(f"{told.id} was published and is not public")
    _save(settings.data_dir / FILE, msgspec.json.encode([*({**_begun(settings), told.id: told}.values())]))
    others = (notice for notice in kept.notices if notice.id != told.id)
    now_public = Copy(notices=tuple(sorted([shown, *others], key=lambda n: n.updated_at, reverse=True)), version=kept.version, as_of=shown.updated_at)
    save_copy(settings.data_dir / _COPY, now_public)
    _write(settings, rules, now_public, into, clock)
    for language, text in told.updates[-1].texts.items():
        sys.stdout.write(f"[{language}] {text.title}\n{text.body}\n\n")
    sys.stdout.write(
        f"{told.id} is in {into}: push it to where customers read it. The next word: receiver notices publish --offline {told.id} --text still-working\n"
    )
    sys.stdout.write(
        f"Once the service runs it takes this in from {settings.data_dir / FILE}. From another machine, bring that file into its data directory.\n"
    )
    return 0


def _tell(settings: Settings, rules: NoticeRules, kept: Copy, target: str, key: str, impact: str | None, clock: Clock) -> Notice:
    public, now = {notice.id: notice for notice in kept.notices}, clock.now()
    known = public.get(NoticeId(target.upper()))
    if known is None and target not in rules.components:
        going = [notice.id for notice in kept.notices if notice.is_open]
        raise OfflineError(f"no component {target!r} in notices.yaml: {', '.join(rules.components)}; and no notice with this id: {', '.join(going) or 'none'}")
    texts = [text for text in (PHRASES if known else STARTERS) if text != "planned"]
    if key not in texts:
        raise OfflineError(f"no text {key!r}: {', '.join(texts)}")
    if known and not known.is_open:
        raise OfflineError(f"{known.id} is over")
    speaks = [] if known else [n.id for n in kept.notices if n.is_open and not n.is_maintenance and target in n.components]
    if speaks:
        raise OfflineError(f"{speaks[0]} speaks of {target} already: receiver notices publish --offline {speaks[0]} --text still-working")
    begun = Notice(id=new_notice_id(), opened_at=now, started_at=now, stage=Stage.OPEN, components=(target,), starter=key)
    notice = revive(known) if known else begun
    actor = Actor(id=f"cli:{getpass.getuser()}", name="cli", roles=frozenset({"comms_lead", "admin"}))
    world = World(rules=rules, facts=Facts(), compose=NoticeTexts(settings.templates_dir).compose, now=now)
    plan = speak_alone(notice, key, Impact(impact) if impact else None, actor, world)
    if len(plan.next.updates) == len(notice.updates):
        raise OfflineError(f"not published: {plan.reason.value} {' '.join(remark.word for remark in plan.remarks)}".strip())
    word = replace(plan.next.updates[-1], id=offline_update_id(notice.id, now), at=now)
    return replace(plan.next, updates=(*notice.updates, word), deliveries={}, draft=None)


def _write(settings: Settings, rules: NoticeRules, held: Copy, directory: Path, clock: Clock) -> None:
    now = clock.now()
    site = site_of(rules, settings.page_url, is_indexed=bool(settings.status_url))
    write_copy(Edition(site=site, notices=held.notices, as_of=min(held.as_of, now), now=now, is_kept=now - held.as_of > OLD_COPY), directory)


def _kept(settings: Settings) -> Copy:
    """What customers read now: what the service kept last, and what was said without it since."""
    held = load_copy(settings.data_dir / _COPY) or Copy(notices=(), version=0, as_of=datetime.min.replace(tzinfo=UTC))
    found = {notice.id: notice for notice in held.notices}
    for told in _begun(settings).values():
        joined = join(revive(found[told.id]), told) if told.id in found else told
        shown = project(joined)
        if shown:
            found[told.id] = shown
    newest = [notice.updated_at for notice in found.values()]
    return replace(held, notices=tuple(sorted(found.values(), key=lambda n: n.updated_at, reverse=True)), as_of=max([held.as_of, *newest]))


def _begun(settings: Settings) -> dict[str, Notice]:
    try:
        return {one.id: one for one in read_told((settings.data_dir / FILE).read_bytes())}
    except (OSError, msgspec.DecodeError):
        return {}


def _save(path: Path, content: bytes) -> None:
    """In one step: the service may look at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.write_bytes(content)
    half.replace(path)


def _rules(settings: Settings) -> NoticeRules | None:
    return load(Place(rules=settings.rules_dir, templates=settings.templates_dir), nothing_to_prove).book.notices
