"""`receiver doctor` on channels: is what each destination needs there, and does it answer. Called by `cli.doctor`; sends nothing."""

from collections.abc import Iterator
from ssl import SSLContext

from receiver.app.derived import signing_key
from receiver.channels.base import Evidence
from receiver.channels.email import EmailChannel, parse_server
from receiver.channels.longtail import find_fault, service_of_url
from receiver.channels.outage_words import banner
from receiver.clock import SystemClock
from receiver.core.incident import Destination
from receiver.core.rulebook import RuleBook
from receiver.settings import Settings
from receiver.store.connection import Client
from receiver.store.outages import Outages

ROUTING_KEY = 32
Line = tuple[str, bool, str]  # what was looked at, whether it is right, what to know


async def check_channels(settings: Settings, book: RuleBook, trust: SSLContext | None = None) -> list[Line]:
    """One line for each destination outside chats and each person's own way, and one for the mail server."""
    places = [(f"destination {place.name}", place) for place in book.destinations.values()]
    ways = [
        (f"{person.id} by {name}", place) for person in book.people.values() for name, place in person.channels.items() if place.name not in book.destinations
    ]
    return [*(line for where, place in (*places, *ways) for line in _place(settings, where, place)), *await _mail(settings, book, trust)]


def _place(settings: Settings, where: str, place: Destination) -> Iterator[Line]:
    if place.channel not in ("pagerduty", "webhook", "longtail", "sms"):
        return
    secret = settings.secret(place.secret) if place.secret else None
    if place.secret and not secret:
        yield where, False, f"RECEIVER_SECRET_{place.secret} is not set"
    elif place.channel == "pagerduty" and len(secret or "") != ROUTING_KEY:
        yield where, False, f"RECEIVER_SECRET_{place.secret} is no integration key of the Events API v2: those have {ROUTING_KEY} characters"
    elif place.channel in ("longtail", "sms") and (fault := find_fault(secret or "")):
        yield where, False, f"RECEIVER_SECRET_{place.secret}: {fault}"
    elif place.channel in ("longtail", "sms"):
        yield where, True, service_of_url(secret or "")
    elif place.channel == "webhook" and not secret:
        yield where, True, "webhook without a signature: add secret: to the destination"
    else:
        yield where, True, place.channel


async def out_of_reach(client: Client) -> list[str]:
    """Who and what the running service could not reach, since when and why. Raises StoreUnavailableError."""
    now = SystemClock().now()
    return [f"{banner(one, 'en', 'UTC', now)} UTC: {one.why}" for one in (await Outages(client).refresh()).values()]


async def _mail(settings: Settings, book: RuleBook, trust: SSLContext | None) -> list[Line]:
    """The server is asked to let us in; who writes mail into the rules without one hears of it."""
    names = [place.name for place in book.destinations.values() if place.channel == "email"]
    names += [person.id for person in book.people.values() if any(step.channel == "email" for step in person.page_by)]
    if not settings.smtp_url or not settings.smtp_from:
        return [("mail", not names, f"RECEIVER_SMTP_URL is not set, no mail for {', '.join(names)}" if names else "off")]
    server = parse_server(settings.smtp_url.get_secret_value())
    channel = EmailChannel(server, settings.smtp_from, SystemClock(), signing_key(settings), trust=trust)
    outcome = await channel.check()
    where = f"{server.host}:{server.port} as {settings.smtp_from}"
    is_ok = outcome.evidence is Evidence.OK
    return [("mail", is_ok, where if is_ok else f"{where}: {outcome.reason}: check RECEIVER_SMTP_URL")]
