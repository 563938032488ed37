"""Rules with an escalation policy, and what people's private chats are called. Used by the stories of paging."""

from pathlib import Path

from tests.builders import rules_files
from tests.harness import ADMINS, ANNA, BORIS, Story, story

VERA = 111111114
TO_ANNA, TO_BORIS, TO_VERA = str(ANNA), str(BORIS), str(VERA)
POLICY = """version: 1
policies:
  devops:
    steps:
      - {page: [{schedule: primary}], wait: 5m}
      - {page: [{person: boris}], wait: 10m}
      - {page: [{team: devops}], notify: [admin-chat], wait: 15m}
    repeat: 1
    acknowledge: {lease: 2h, void_on: [new-alert, worse-severity]}
"""
FILES = {
    "people": """version: 1
people:
  anna: {name: Anna, roles: [responder, admin], telegram: 111111111, language: en}
  boris: {name: Борис, roles: [responder], telegram: 111111112, language: ru, timezone: Europe/Moscow}
  vera: {name: Vera, roles: [responder], telegram: 111111114, language: en}
  sveta: {name: Sveta, roles: [support], telegram: 111111113, language: en}
teams: {devops: [anna, boris, vera]}
""",
    "schedules": """version: 1
schedules:
  primary: {timezone: UTC, layers: [{people: [anna]}]}
""",
    "escalation": POLICY,
    "destinations": """version: 1
destinations:
  admin-chat: {channel: telegram, chat: -1001000000001, language: en}
  devops: {policy: devops}
  spare: {channel: telegram, chat: -1001000000003, language: en}
fallback: [spare]
""",
    "routes": """version: 1
route:
  id: root
  group_by: [service, environment]
  group_wait: 10s
  reopen_within: 30m
  destinations: [admin-chat]
  routes:
    - {id: errors, matchers: ['signal="errors"'], destinations: [devops, admin-chat]}
    - {id: critical, matchers: ['severity="critical"'], destinations: [devops, admin-chat]}
""",
}


def rules(directory: Path, **changed: str) -> Path:
    """The files above, some of them changed."""
    return rules_files(directory / "rules", **{**FILES, **changed})


def paging(directory: Path, *, replicas: int = 1, files: dict[str, str] | None = None, **environ: str):
    """A story with these rules."""
    return story(directory, replicas=replicas, rules=rules(directory, **(files or {})), **environ)


async def reasons(s: Story) -> list[str]:
    """The reasons in the only incident's timeline."""
    (incident,) = await s.incidents()
    return [entry.reason for entry in await s.app.incidents.timeline(incident.id)]


async def opened(s: Story, *alerts: dict) -> tuple:
    """Fire, wait for the group, and read both first messages: Anna's page and the admin chat's."""
    await s.fire(*alerts)
    await s.advance(seconds=10)
    return await s.expect(TO_ANNA, "🔴"), await s.expect(ADMINS, "🔴")
