"""Will mailbox providers believe that our letters are ours? SPF (RFC 7208), DMARC (RFC 7489) and DKIM's key (RFC 6376) of the sending domain.

Asked of the name servers of this machine; called by `cli.doctor_mail`. What cannot be looked up is said to be just that and is no fault.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dns.asyncresolver import Resolver
from dns.exception import DNSException
from dns.rdtypes.ANY.TXT import TXT
from dns.resolver import NXDOMAIN, NoAnswer

PATIENCE = 5.0  # seconds for one question, with its repetitions
MOST_LOOKUPS = 10  # RFC 7208, 4.6.4: a receiver that needs more gives up
_COSTS_A_LOOKUP = ("include:", "redirect=", "exists:", "a:", "mx:", "a/", "mx/", "ptr")


class DnsUnavailableError(Exception):
    """No name server answered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What was found: everything that is wrong, what is worth knowing, and what could not be asked."""

    faults: Sequence[str] = ()
    remarks: Sequence[str] = ()


@dataclass(slots=True)
class _Found:
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


async def examine(domain: str, envelope: str, selector: str = "", resolver: Resolver | None = None) -> Report:
    """The domain of `From`, the domain of the return address, and the selector our mail server signs with, where it is known."""
    found = _Found()
    try:
        asks = resolver or Resolver()
        await _spf(asks, envelope, found)
        await _dmarc(asks, domain, found)
        await _dkim(asks, domain, selector, found)
    except (DnsUnavailableError, DNSException, OSError) as fault:
        found.remarks.append(f"not looked up, no name server answers ({type(fault).__name__})")
    if not _is_within(domain, envelope) and not _is_within(envelope, domain):
        found.remarks.append(f"letters return to {envelope}, which is not {domain}: DMARC holds by DKIM alone")
    return Report(faults=found.faults, remarks=found.remarks)


async def _spf(resolver: Resolver, domain: str, found: _Found) -> None:
    records = [text for text in await _texts(resolver, domain) if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]
    if len(records) != 1:
        found.faults.append(f"{domain} has {len(records) or 'no'} SPF record{'s' if records else ''}: one is needed, v=spf1 with what sends for it, then -all")
        return
    terms = records[0].lower().split()[1:]
    if "all" in terms or "+all" in terms:
        found.faults.append(f"SPF of {domain} lets everybody send (+all): end it with -all or ~all")
    elif not any(term.endswith("all") or term.startswith("redirect=") for term in terms):
        found.remarks.append(f"SPF of {domain} forbids nobody: end it with -all or ~all")
    count = await _lookups(resolver, terms, MOST_LOOKUPS)
    if count > MOST_LOOKUPS:
        found.faults.append(f"SPF of {domain} needs more than {MOST_LOOKUPS} look-ups: receivers give up on it")


async def _lookups(resolver: Resolver, terms: Sequence[str], left: int) -> int:
    """How many questions a receiver must ask; counting ends once there are too many."""
    count = 0
    for term in (one.lstrip("+-~?") for one in terms):
        if count > left:
            break
        if term in ("a", "mx") or term.startswith(_COSTS_A_LOOKUP):
            count += 1
        if term.startswith(("include:", "redirect=")) and count <= left:
            inner = next((text for text in await _texts(resolver, term[8:] if term.startswith("include:") else term[9:]) if text.startswith("v=spf1")), "")
            count += await _lookups(resolver, inner.lower().split()[1:], left - count)
    return count


async def _dmarc(resolver: Resolver, domain: str, found: _Found) -> None:
    """Of the domain itself, else of the one above it, down to two names."""
    records: list[str] = []
    for above in _upwards(domain):
        records = [text for text in await _texts(resolver, f"_dmarc.{above}") if text.startswith("v=DMARC1")]
        if records:
            break
    if len(records) != 1:
        found.faults.append(
            f"{domain} has {len(records) or 'no'} DMARC record{'s' if records else ''}: one is needed at _dmarc.{domain}, v=DMARC1; p=quarantine"
        )
    elif _tags(records[0]).get("p", "none") == "none":
        found.remarks.append(f"DMARC of {domain} only watches (p=none): quarantine or reject keeps others from writing under its name")


async def _dkim(resolver: Resolver, domain: str, selector: str, found: _Found) -> None:
    if not selector:
        found.remarks.append("DKIM is not looked up: name the selector of your mail server in RECEIVER_SMTP_DKIM_SELECTOR")
        return
    keys = [_tags(text) for text in await _texts(resolver, f"{selector}._domainkey.{domain}")]
    if not any(tags.get("p") for tags in keys):
        found.faults.append(f"no DKIM key at {selector}._domainkey.{domain}: what your mail server signs cannot be verified")


async def _texts(resolver: Resolver, name: str) -> list[str]:
    """The TXT records of a name, each as one text. Raises DnsUnavailableError."""
    try:
        answer = await resolver.resolve(name, "TXT", lifetime=PATIENCE)
    except (NXDOMAIN, NoAnswer):
        return []
    except DNSException as fault:
        raise DnsUnavailableError(name) from fault
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer if isinstance(record, TXT)]


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";") if "=" in part)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _upwards(domain: str) -> Iterator[str]:
    labels = domain.split(".")
    for at in range(max(1, len(labels) - 1)):
        yield ".".join(labels[at:])


def _is_within(domain: str, other: str) -> bool:
    return domain == other or domain.endswith(f".{other}")
