"""What `receiver doctor` says of the domain that customers get letters from. Called by `doctor`; asks name servers, sends nothing."""

from email.utils import parseaddr

from dns.asyncresolver import Resolver

from receiver.clients.mail_domain import examine
from receiver.core.rulebook import RuleBook
from receiver.settings import Settings


async def check(settings: Settings, book: RuleBook, resolver: Resolver | None = None) -> list[tuple[bool, str]]:
    """Whether it is all right, and a sentence; nothing where no word goes to subscribers by mail."""
    told = book.notices
    if told is None or not settings.smtp_from or not any(told.channels[name].kind == "email" for name in told.publish if name in told.channels):
        return []
    domain = parseaddr(settings.smtp_from)[1].rpartition("@")[2].lower()
    envelope = settings.status_bounces.rpartition("@")[2].lower() if settings.status_bounces else domain
    report = await examine(domain, envelope, settings.smtp_dkim_selector, resolver)
    lines = [(False, fault) for fault in report.faults] + [(True, remark) for remark in report.remarks]
    return lines or [(True, f"{domain}: SPF, DMARC and DKIM are there")]
