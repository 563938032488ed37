"""Keeps the rules in force up to date: loads newer ones when files change, when git has a new commit, or on request.

Everything that may fail happens first and in a thread, so that no webhook waits for it: read, check, compile the templates, run the
examples. Then the swap is one assignment. Whatever fails leaves the rules in force as they are, and people are told which line is wrong.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from receiver.channels.render import Renderer, TemplateFault, Templates
from receiver.clock import Clock
from receiver.core.errors import StoreUnavailableError
from receiver.core.rulebook import RuleBook
from receiver.engine import Rules
from receiver.rules.load import Reading, RulesError, read_rules
from receiver.rules.origin import Fingerprint, Origin, Outcome, Place, RulesRefusedError, fingerprint, keep, last_good
from receiver.store.replicas import Replica, Replicas
from receiver.telemetry import metrics
from receiver.telemetry.logs import get_logger
from receiver.workers.census import Census
from receiver.workers.standing import Standing

WATCH = 2.0
UNREACHABLE = 300.0
REFUSED = "RulesRefused"
SHORT = 12
Prove = Callable[[Path, Reading, Renderer], Sequence[str]]
log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """One set that was found good, and the files it was read from."""

    book: RuleBook
    renderer: Renderer
    place: Place
    mark: Fingerprint


def nothing_to_prove(_: Path, __: Reading, ___: Renderer) -> Sequence[str]:
    """No examples are run."""
    return ()


def load(place: Place, prove: Prove = nothing_to_prove) -> Loaded:
    """Everything that may fail, in one call that blocks; raises RulesRefusedError with every fault."""
    mark = fingerprint(place)
    try:
        reading = read_rules(place.rules)
        renderer = Renderer(place.templates)
        faults = tuple(prove(place.rules, reading, renderer))
    except RulesError as error:
        raise RulesRefusedError(*(str(fault) for fault in error.faults)) from None
    except TemplateFault as fault:
        raise RulesRefusedError(str(fault)) from None
    except Exception as fault:
        log.exception("rules could not be checked")
        raise RulesRefusedError(f"could not be checked: {type(fault).__name__}: {fault}") from None
    if faults:
        raise RulesRefusedError(*faults)
    return Loaded(book=replace(reading.book, commit=place.commit[:SHORT]), renderer=renderer, place=place, mark=mark)


async def first(origin: Origin, data_dir: Path, prove: Prove = nothing_to_prove) -> tuple[Loaded, RulesRefusedError | None]:
    """The rules to start with: the newest, or the last good ones and why not the newest. Raises RulesRefusedError when neither can be used."""
    try:
        return await asyncio.to_thread(load, await origin.offer(), prove), None
    except RulesRefusedError as refused:
        good = await asyncio.to_thread(last_good, data_dir)
        if good is None:
            raise
        try:
            return await asyncio.to_thread(load, good), refused
        except RulesRefusedError:
            raise refused from None


class RulesKeeper:
    """One per process. `refused` says why the process did not start with the newest rules."""

    def __init__(
        self,
        rules: Rules,
        templates: Templates,
        origin: Origin,
        replicas: Replicas,
        standing: Standing,
        clock: Clock,
        *,
        loaded: Loaded,
        refused: RulesRefusedError | None,
        data_dir: Path,
        prove: Prove,
        every: float,
        replica_id: str,
    ) -> None:
        self._rules, self._templates, self._origin, self._standing, self._clock = rules, templates, origin, standing, clock
        self._data_dir, self._prove, self._every, self._id = data_dir, prove, every, replica_id
        self._loaded, self._since = loaded, clock.now()
        self._seen: tuple[Place, Fingerprint] = (loaded.place, loaded.mark)
        self._tried = loaded.place.commit
        self._trouble: RulesRefusedError | None = None
        self._silent_since: float | None = None
        self._saying: tuple[bool, str, str] | None = None
        self._lock, self._telling, self._asked = asyncio.Lock(), asyncio.Lock(), asyncio.Event()
        self._first = refused
        self._show()
        self.census = Census(replicas, standing, clock, self._own)

    @property
    def faults(self) -> tuple[str, ...]:
        """Why the newest rules are not in force; empty when they are."""
        return self._trouble.faults if self._trouble else ()

    def ask(self) -> None:
        """Reload soon."""
        self._asked.set()

    async def describe(self) -> Mapping[str, Any]:
        """What is in force here and on every live replica; `replicas` is empty while the store is away."""
        own = self._own()
        try:
            live = await self.census.live()
        except StoreUnavailableError:
            live = []
        shown = [{**asdict(one), "since": one.since.isoformat(timespec="seconds")} for one in live]
        own_since = own.since.isoformat(timespec="seconds")
        where = self._origin.describe()
        return {"version": own.version, "commit": own.commit, "since": own_since, "from": where, "faults": list(self.faults), "replicas": shown}

    async def run(self) -> None:
        """Until cancelled: watch the files, fetch, answer requests, compare with the other replicas."""
        if self._first:
            await self.reload()
        else:
            async with self._lock:
                if not self._trouble:  # somebody may have asked for a reload before we ran
                    await self._confirm(self._loaded)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.census.run())
            group.create_task(self._watch())
            group.create_task(self._answer())
            if self._origin.is_remote:
                group.create_task(self._fetch())

    async def reload(self, *, only_new: bool = False) -> Outcome:
        """Load what the origin offers and put it in force, or say why not; `only_new` looks no further when the commit was looked at before."""
        async with self._lock:
            before = self._loaded
            try:
                place = await self._origin.offer()
                if only_new and place.commit == self._tried and self._silent_since is None:
                    return self._outcome(before)
                self._silent_since = None
                self._tried, self._seen = place.commit, (place, await asyncio.to_thread(fingerprint, place))
                loaded = await asyncio.to_thread(load, place, self._prove)
            except RulesRefusedError as refused:
                self._refuse(refused)
                faults = refused.faults
            else:
                await self._take(loaded)
                faults = ()
        await self._say()
        await self.census.look()
        return replace(self._outcome(before), faults=faults)

    def _outcome(self, before: Loaded) -> Outcome:
        book = self._loaded.book
        return Outcome(version=book.version, commit=book.commit, changed=_what(self._loaded) != _what(before), faults=self.faults)

    async def _take(self, loaded: Loaded) -> None:
        """The swap, and after it what may fail without harm."""
        if _what(loaded) != _what(self._loaded):
            self._since = self._clock.now()
            self._templates.current = loaded.renderer
            self._rules.current = loaded.book
            log.info("rules reloaded", version=loaded.book.version, commit=loaded.book.commit)
            metrics.rules_reloads.labels(outcome="changed").inc()
        else:
            metrics.rules_reloads.labels(outcome="unchanged").inc()
        await self._confirm(loaded)

    async def _confirm(self, loaded: Loaded) -> None:
        """These rules are in force and good: note it, keep a copy, and end what was said against them."""
        self._loaded, self._trouble = loaded, None
        self._show()
        metrics.rules_reload_successful.set(1)
        metrics.rules_reload_success_at.set(self._clock.now().timestamp())
        version = loaded.book.version
        self._saying = (False, f"Rules are accepted again, version {version} is in force", f"Правила снова приняты, действует версия {version}")
        try:
            await self._origin.accept(loaded.place)
            await asyncio.to_thread(_keep, loaded, self._data_dir)
        except (OSError, RulesRefusedError) as fault:
            log.warning("last good rules not kept", error=str(fault))

    def _show(self) -> None:
        metrics.rules_info.clear()
        metrics.rules_info.labels(version=self._loaded.book.version, commit=self._loaded.book.commit).set(1)

    def _refuse(self, refused: RulesRefusedError) -> None:
        """The rules in force stay. A remote that can't be asked says nothing against its rules: people hear of it when it lasts."""
        metrics.rules_reload_successful.set(0)
        metrics.rules_reloads.labels(outcome="unreachable" if refused.is_transient else "refused").inc()
        log.warning("rules refused", faults=list(refused.faults[:20]), in_force=self._loaded.book.version)
        if refused.is_transient:
            now = self._clock.monotonic()
            self._silent_since = now if self._silent_since is None else self._silent_since
            if self._trouble or now - self._silent_since < UNREACHABLE:
                return
        self._trouble = refused
        fault, version = refused.faults[0], self._loaded.book.version
        more = len(refused.faults) - 1
        english = f"New rules refused, version {version} stays in force: {fault}" + (f" (and {more} more)" if more else "")
        russian = f"Новые правила не приняты, действует версия {version}: {fault}" + (f" (и ещё {more})" if more else "")
        self._saying = (True, english, russian)

    async def _say(self) -> None:
        """Tell people what there is to tell, one thing after the other; what the store does not take now is told later."""
        async with self._telling:
            saying = self._saying
            if saying is None:
                return
            is_firing, english, russian = saying
            try:
                await (self._standing.fire if is_firing else self._standing.end)(REFUSED, english, russian)
            except StoreUnavailableError as fault:
                log.warning("store unavailable, told later", error=str(fault))
                return
            if self._saying is saying:
                self._saying = None

    async def _watch(self) -> None:
        """Reload when files differ from those last read and have been still for one look: an editor may be half way."""
        last = self._seen[1]
        while True:
            await self._say()
            await self._clock.sleep(WATCH)
            now = await asyncio.to_thread(fingerprint, self._seen[0])
            if now != self._seen[1] and now == last:
                await self.reload()
            last = now

    async def _fetch(self) -> None:
        while True:
            await self._clock.sleep(self._every)
            await self.reload(only_new=True)

    async def _answer(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            await self.reload()

    def _own(self) -> Replica:
        book = self._loaded.book
        return Replica(id=self._id, version=book.version, commit=book.commit, since=self._since)


def _what(loaded: Loaded) -> tuple[str, str, str]:
    return loaded.book.version, loaded.book.commit, loaded.renderer.version


def _keep(loaded: Loaded, data_dir: Path) -> None:
    """Only what was proven: files that have changed since will be read soon enough."""
    if fingerprint(loaded.place) == loaded.mark:
        keep(loaded.place, data_dir)
