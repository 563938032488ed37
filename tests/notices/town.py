"""Rules of a small town for stories about notices: one component, a support chat, a channel customers read, three people who may agree."""

from pathlib import Path

from tests.builders import rules_files

SUPPORT, CHANNEL = "-1001000000004", "-1001000000005"
ANNA, OLEG, SVETA, LEO = 111111111, 111111114, 111111113, 111111115

NOTICES = """version: 1
page: {name: {ru: Состояние, en: Status}, timezone: Europe/Moscow, languages: [ru, en], contact: "https://shop.example/support"}
components:
  checkout: {name: {ru: Оформление заказов, en: Checkout}}
  storefront: {name: {ru: Каталог, en: Catalogue}}
card: {destination: support-chat, lead: leo}
publish: [page, feeds, telegram-ru]
channels:
  telegram-ru: {channel: telegram, chat: -1001000000005, language: ru}
reminders: {before: 5m, late: 10m}
quiet: {partial_outage: 15m}
"""
ROUTES = """version: 1
route:
  id: root
  group_by: [service, environment]
  group_wait: 10s
  reopen_within: 30m
  destinations: [admin-chat]
  routes:
    - id: critical
      matchers: ['severity="critical"']
      customers: {component: from-catalogue, impact: partial_outage, text: errors, hold: 3m}
"""
DESTINATIONS = """version: 1
destinations:
  admin-chat: {channel: telegram, chat: -1001000000001, language: en}
  support-chat: {channel: telegram, chat: -1001000000004, language: en, timezone: Europe/Moscow}
fallback: [admin-chat]
"""
PEOPLE = """version: 1
people:
  anna: {name: Anna, roles: [responder, admin], telegram: 111111111, language: en}
  oleg: {name: Oleg, roles: [support], telegram: 111111114, language: en}
  sveta: {name: Sveta, roles: [support], telegram: 111111113, language: en}
  leo: {name: Leo, roles: [comms_lead], telegram: 111111115, language: en}
  rita: {name: Rita, roles: [responder], telegram: 111111116, language: en}
"""
SERVICES = """version: 1
services:
  shop-api: {name: {ru: Shop API, en: Shop API}, kind: service, component: checkout}
  shop-db: {name: {ru: База магазина, en: Shop DB}, kind: database, component: checkout}
  catalog-api: {name: {ru: Каталог API, en: Catalog API}, kind: service, component: storefront}
  batch: {name: {ru: Ночные задачи, en: Batch}, kind: service}
"""


def town(directory: Path, **changed: str) -> Path:
    """The files in a directory; any of them may be another text."""
    files = {"routes": ROUTES, "destinations": DESTINATIONS, "people": PEOPLE, "services": SERVICES, "notices": NOTICES}
    return rules_files(directory, **(files | changed))
