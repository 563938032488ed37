"""`receiver doctor`: one line for each thing that must be right, and what to do where it is not."""

import json
import sys
from dataclasses import asdict, dataclass

from receiver.app import store
from receiver.channels.telegram import TelegramChannel
from receiver.channels.template_check import check_templates
from receiver.rules.load import RulesError, load_rules
from receiver.settings import Settings
from receiver.store.connection import connect, inspect


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    check: str
    is_ok: bool
    text: str


async def run(settings: Settings, *, as_json: bool) -> int:
    """Check everything; 1 on any fault."""
    findings = [*_settings(settings), *_rules(settings), *_templates(settings), *await _store(settings), *await _telegram(settings)]
    if as_json:
        sys.stdout.write(json.dumps([asdict(f) for f in findings], ensure_ascii=False, indent=2) + "\n")
    else:
        for finding in findings:
            sys.stdout.write(f"{'ok   ' if finding.is_ok else 'FAULT'} {finding.check}: {finding.text}\n")
    return 0 if all(f.is_ok for f in findings) else 1


def _settings(settings: Settings) -> list[Finding]:
    found = ", ".join(f"{name} from {origin}" for name, origin in sorted(settings.origins.items()) if origin != "default")
    return [Finding("settings", True, found or "all defaults")]


def _rules(settings: Settings) -> list[Finding]:
    try:
        book = load_rules(settings.rules_dir)
    except RulesError as fault:
        return [Finding("rules", False, str(one)) for one in fault.faults]
    return [Finding("rules", True, f"{settings.rules_dir}, version {book.version}"), *(Finding("rules", True, note) for note in book.notes)]


def _templates(settings: Settings) -> list[Finding]:
    found = check_templates(settings.templates_dir)
    faults = [Finding("templates", False, f"{one.file}:{one.line}:{one.column}: {one.message}, {one.hint}") for one in found]
    return faults or [Finding("templates", True, str(settings.templates_dir))]


async def _store(settings: Settings) -> list[Finding]:
    try:
        async with store(settings) as (url, embedded):
            client = connect(url)
            try:
                report = await inspect(client)
            finally:
                await client.aclose()
    except Exception as fault:  # noqa: BLE001 - the doctor reports whatever is wrong
        return [Finding("store", False, f"{fault}: is the server up, and RECEIVER_REDIS_URL right?")]
    what = f"{report.kind} {report.version}{' (embedded)' if embedded else ''}, appendfsync {report.appendfsync}"
    if not report.faults:
        return [Finding("store", True, what)]
    relaxed = settings.durability == "relaxed"
    return [Finding("store", relaxed, f"{what}: {fault}{' (allowed by RECEIVER_DURABILITY=relaxed)' if relaxed else ''}") for fault in report.faults]


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
