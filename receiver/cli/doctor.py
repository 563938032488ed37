"""`receiver doctor`: one line for each thing that must be right, and what to do where it is not."""

import asyncio
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from receiver.app.build import origin_of
from receiver.app.run import store
from receiver.channels.telegram import TelegramChannel
from receiver.channels.template_check import check_templates
from receiver.cli import doctor_channels, doctor_mail, doctor_notices, doctor_traces, sources
from receiver.cli.output import print_json
from receiver.clients.calendar import KeptCalendars
from receiver.clients.prometheus import Prometheus, PrometheusUnavailableError
from receiver.clock import SystemClock
from receiver.core.rulebook import RuleBook
from receiver.rules.git import Mirror
from receiver.rules.imported import coverage, import_calendars
from receiver.rules.origin import RulesRefusedError
from receiver.settings import Settings
from receiver.store.connection import check_partitions, connect, inspect, partitions_for
from receiver.workers.calendars import read_again
from receiver.workers.ruleskeeper import SHORT, load


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    check: str
    is_ok: bool
    text: str


async def run(settings: Settings, *, as_json: bool) -> int:
    """Check everything; 1 on any fault."""
    findings = [*_settings(settings), *await _rules(settings), *await _store(settings), *await _telegram(settings), *await _prometheus(settings)]
    findings += [Finding("traces", is_ok, text) for is_ok, text in await doctor_traces.check(os.environ)]
    if as_json:
        print_json([asdict(f) for f in findings])
    else:
        for finding in findings:
            sys.stdout.write(f"{'ok   ' if finding.is_ok else 'FAULT'} {finding.check}: {finding.text}\n")
    return 0 if all(f.is_ok for f in findings) else 1


def _settings(settings: Settings) -> list[Finding]:
    found = ", ".join(f"{name} from {origin}" for name, origin in sorted(settings.origins.items()) if origin != "default")
    return [Finding("settings", True, found or "all defaults")]


async def _rules(settings: Settings) -> list[Finding]:
    """Where rules come from, what is live, and whether the newest ones (with their templates) could be."""
    origin = origin_of(settings)
    where = origin.describe()
    live = await origin.live() if isinstance(origin, Mirror) else ""
    shown = f"{where}, live commit {live[:SHORT] or 'none yet'}" if isinstance(origin, Mirror) else where
    try:
        loaded = await asyncio.to_thread(load, await origin.offer())
    except RulesRefusedError as refused:
        return [Finding("rules", False, shown), *(Finding("rules", False, fault) for fault in refused.faults)]
    book = loaded.book
    newest = f", newest commit {book.commit}" if book.commit else ""
    found = [Finding("rules", True, f"{shown}{newest}, version {book.version}"), *(Finding("rules", True, note) for note in book.notes)]
    said = [*sources.findings(settings, book), *await sources.peer_findings(settings, book)]
    senders = [Finding(name, is_ok, text) for name, is_ok, text in said]
    told = [Finding("notices", is_ok, text) for is_ok, text in doctor_notices.findings(settings, book)]
    told += [Finding("mail to customers", is_ok, text) for is_ok, text in await doctor_mail.check(settings, book)]
    channels = [Finding(*line) for line in await doctor_channels.check_channels(settings, book)]
    return [*found, *senders, *_people(book), *told, *await _schedules(settings, book), *channels, *_templates(loaded.place.templates)]


def _people(book: RuleBook) -> list[Finding]:
    """Who is on the roster and can be reached by nothing that people.yaml names; an account linked in the chat is not known here."""
    mute = [person.id for person in book.people.values() if person.telegram is None and not person.email and not person.phone]
    hint = "give them telegram, email or phone in people.yaml, or a code by `receiver people link PERSON`"
    return [Finding("people", True, f"no way to reach {', '.join(mute)}: {hint}")] if mute else []


async def _schedules(settings: Settings, book: RuleBook) -> list[Finding]:
    kept, now = KeptCalendars(settings.calendars_dir), SystemClock().now()
    failed = await read_again(book, settings.secret, kept)
    away = [
        Finding("calendars", False, f"{name}: {reason}{', its last good copy holds' if kept.load(name) else ', its shifts are missing'}")
        for name, reason in failed.items()
    ]
    read = [Finding("calendars", True, f"{name}: read") for name, link in book.calendars.items() if link.secret and name not in failed]
    found = import_calendars(book, kept.load, now)
    return [*away, *read, *(Finding("on call", True, note) for note in (*found.notes, *coverage(found.book, now)))]


def _templates(directory: Path) -> list[Finding]:
    found = check_templates(directory)
    faults = [Finding("templates", False, f"{one.file}:{one.line}:{one.column}: {one.message}, {one.hint}") for one in found]
    return faults or [Finding("templates", True, str(directory))]


async def _store(settings: Settings) -> list[Finding]:
    try:
        async with store(settings) as (url, embedded):
            client = connect(url)
            try:
                report = await inspect(client)
                partitions = partitions_for(url)
                layout = await check_partitions(client, partitions)
                gone = [Finding("reach", False, text) for text in await doctor_channels.out_of_reach(client)]
            finally:
                await client.aclose()
    except Exception as fault:  # noqa: BLE001 - the doctor reports whatever is wrong
        return [Finding("store", False, f"{fault}: is the server up, and RECEIVER_REDIS_URL right?")]
    what = f"{report.kind} {report.version}{' (embedded)' if embedded else ''}, appendfsync {report.appendfsync}, partitions {len(partitions)}"
    if report.masters > 1:
        what += f", cluster of {report.masters} masters, at least {report.replicas} replicas each"
    if layout:
        return [Finding("store", False, f"{what}: {layout}"), *gone]
    if not report.faults:
        return [Finding("store", True, what), *gone]
    relaxed = settings.durability == "relaxed"
    return [Finding("store", relaxed, f"{what}: {fault}{' (allowed by RECEIVER_DURABILITY=relaxed)' if relaxed else ''}") for fault in report.faults] + gone


async def _telegram(settings: Settings) -> list[Finding]:
    if settings.telegram_mode == "off" or not settings.telegram_token:
        return [Finding("telegram", True, "off: messages go to the browser chat")]
    bot = TelegramChannel(settings.telegram_token.get_secret_value(), settings.telegram_api_url, settings.telegram_proxy)
    try:
        outcome = await bot.me()
    finally:
        await bot.close()
    if outcome.evidence.value == "ok":
        return [Finding("telegram", True, f"@{outcome.ref}, {settings.telegram_mode}")]
    return [Finding("telegram", False, f"{outcome.reason}: check RECEIVER_TELEGRAM_TOKEN and RECEIVER_TELEGRAM_API_URL")]


async def _prometheus(settings: Settings) -> list[Finding]:
    if not settings.prometheus_url:
        return [Finding("prometheus", True, "no RECEIVER_PROMETHEUS_URL: messages come without trend and advice")]
    prometheus = Prometheus(settings.prometheus_url.get_secret_value())
    try:
        await prometheus.at("vector(1)", SystemClock().now())
    except PrometheusUnavailableError as fault:
        return [Finding("prometheus", False, f"{fault}: check RECEIVER_PROMETHEUS_URL")]
    finally:
        await prometheus.close()
    return [Finding("prometheus", True, "answers")]
