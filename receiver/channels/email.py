"""Mail: one thread an incident, and a new mail only where a person would want one. Used by `workers.sender` and `cli.doctor`.

A mail can't be edited, so the living message goes out once and its edits are not mailed; what follows in the thread is what people are
told aloud: worse, fired again, your turn, the end. Message-IDs are made from the notification's identity: the same one at every attempt,
so that a mailbox which looks at them shows a repeat once.
"""

import asyncio
import base64
import hashlib
import hmac
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTP

from receiver.channels.base import Evidence, Message, Outcome
from receiver.channels.visible import visible
from receiver.channels.wire import BUDGET, clean
from receiver.clock import Clock
from receiver.core.incident import Destination

LATER = timedelta(seconds=60)
LONGEST_SUBJECT = 160
_AUTHENTICATION = frozenset((530, 534, 535, 538))


@dataclass(frozen=True, kw_only=True, slots=True)
class MailServer:
    """Where mail is handed over; `is_tls` from the first byte, `starttls` before anything is said."""

    host: str
    port: int
    is_tls: bool
    starttls: bool
    user: str = ""
    password: str = ""


def parse_server(url: str) -> MailServer:
    """`smtp://USER:PASSWORD@HOST:587` (with STARTTLS unless `?starttls=off`), `smtps://…:465`; a URL that settings found right."""
    parts = urlsplit(url)
    is_tls = parts.scheme == "smtps"
    is_off = parse_qs(parts.query).get("starttls") == ["off"]
    return MailServer(
        host=parts.hostname or "",
        port=parts.port or (465 if is_tls else 587),
        is_tls=is_tls,
        starttls=not is_tls and not is_off,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


class EmailChannel:
    """Every mail is a session of its own: few are sent, and none waits for another."""

    name = "email"
    is_idempotent = False

    def __init__(
        self, server: MailServer, sender: str, clock: Clock, key: bytes, *, trust: ssl.SSLContext | None = None, budget: float = BUDGET, local: str = ""
    ) -> None:
        self._server, self._sender, self._clock, self._budget, self._trust = server, sender, clock, budget, trust
        self._address = parseaddr(sender)[1]
        self._domain = self._address.partition("@")[2]
        self._tag = hmac.new(key, b"mail", hashlib.sha256).hexdigest()[:8]
        self._local = local or None

    async def send(self, destination: Destination, message: Message, reply_to: str = "") -> Outcome:
        """One mail to all mailboxes of the destination; those that were refused while others were not are named in the reason."""
        try:
            mail, ref = self._compose(destination, message, reply_to)
            recipients = [part.strip() for part in str(destination.address["to"]).split(",")]
            content = mail.as_bytes()
        except ValueError as fault:
            return Outcome(evidence=Evidence.REFUSED, reason=clean(f"not a mail: {fault}"))
        outcome = await self._hand_over(self._address, recipients, content)
        return Outcome(evidence=outcome.evidence, ref=ref if outcome.evidence is Evidence.OK else "", reason=outcome.reason, retry_after=outcome.retry_after)

    async def edit(self, destination: Destination, ref: str, message: Message) -> Outcome:
        """Nothing is mailed: what a person must know comes as a message of its own."""
        return Outcome(evidence=Evidence.OK, ref=ref)

    async def close(self) -> None:
        """Nothing is held."""

    async def hand(self, envelope: str, recipient: str, content: bytes) -> Outcome:
        """A letter somebody else wrote; what can't be delivered comes back to `envelope`, or to the sender when that is empty."""
        return await self._hand_over(envelope or self._address, [recipient], content)

    async def check(self) -> Outcome:
        """Connect, secure and sign in, and send nothing."""
        return await self._hand_over(self._address, [], b"")

    def _compose(self, destination: Destination, message: Message, reply_to: str) -> tuple[EmailMessage, str]:
        about = message.about
        first_id, _, kept = reply_to.partition(" ")
        subject = _unpacked(kept) or visible(f"{about.incident.id} {message.title}" if about else message.title, LONGEST_SUBJECT)
        mail = EmailMessage()
        mail["From"] = formataddr(parseaddr(self._sender))
        mail["To"] = destination.address["to"]
        mail["Subject"] = f"Re: {subject}" if first_id else subject
        mail["Date"] = format_datetime(self._clock.now())
        slot = about.slot if about else hashlib.sha256(message.plain.encode("utf-8", "replace")).hexdigest()[:24]
        mail["Message-ID"] = own_id = f"<{_atom(slot)}.{self._tag}@{self._domain}>"
        if first_id:
            mail["In-Reply-To"] = first_id
            mail["References"] = first_id
        language = about.language if about else "en"
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        mail["List-Id"] = f"Incidents <incidents.{self._domain}>"
        mail["Content-Language"] = language
        for name, value in _marks(message).items():
            mail[name] = value
        mail.set_content(_clean(message.plain) + "\n")
        mail.add_alternative(_clean(message.html), subtype="html")
        return mail, f"{first_id or own_id} {_packed(subject)}"

    async def _hand_over(self, envelope: str, recipients: list[str], content: bytes) -> Outcome:
        server = self._server
        client = SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.is_tls,
            start_tls=server.starttls,
            timeout=self._budget,
            tls_context=self._trust or ssl.create_default_context(),
            local_hostname=self._local,
            username=server.user or None,
            password=server.password or None,
        )
        stage = _Stage()
        try:
            async with asyncio.timeout(self._budget):
                return await _talk(client, envelope, recipients, content, stage)
        except (aiosmtplib.SMTPException, OSError, TimeoutError, UnicodeError) as fault:
            return self._named(fault, stage)
        finally:
            client.close()

    def _named(self, fault: Exception, stage: "_Stage") -> Outcome:
        reason = clean(f"{type(fault).__name__}: {fault}".rstrip(": "), (self._server.password,))
        match fault:
            case aiosmtplib.SMTPRecipientsRefused():
                return _all_refused(fault)
            case aiosmtplib.SMTPResponseException():
                return Outcome(evidence=_evidence(fault.code), reason=reason, retry_after=LATER if 400 <= fault.code < 500 else None)
            case aiosmtplib.SMTPNotSupported():
                return Outcome(evidence=Evidence.DOWN, reason=f"{reason}: the server cannot do what RECEIVER_SMTP_URL asks for")
            case UnicodeError():
                return Outcome(evidence=Evidence.DEAD, reason="a mailbox is not written in ASCII")
            case _:
                # After DATA the server may have taken the mail though its answer never came.
                return Outcome(evidence=Evidence.UNKNOWN if stage.is_handed_over else Evidence.NOT_SENT, reason=reason)


@dataclass(slots=True)
class _Stage:
    is_handed_over: bool = False


async def _talk(client: SMTP, sender: str, recipients: list[str], content: bytes, stage: _Stage) -> Outcome:
    await client.connect()
    if not recipients:
        await client.quit()
        return Outcome(evidence=Evidence.OK)
    await client.mail(sender)
    refused = []
    for recipient in recipients:
        try:
            await client.rcpt(recipient)
        except aiosmtplib.SMTPRecipientRefused as fault:
            refused.append(fault)
    if len(refused) == len(recipients):
        raise aiosmtplib.SMTPRecipientsRefused(refused)
    stage.is_handed_over = True
    await client.data(content)
    # What follows is courtesy: the server has answered for the mail. Closing is the caller's.
    return Outcome(evidence=Evidence.OK, reason=clean("; ".join(f"{one.recipient} was refused: {one.code} {one.message}" for one in refused)))


def _evidence(code: int) -> Evidence:
    """4xx is "not now"; 5xx is "never", and about signing in it is the whole channel's."""
    if code in _AUTHENTICATION:
        return Evidence.DOWN
    return Evidence.THROTTLED if 400 <= code < 500 else Evidence.REFUSED


def _all_refused(fault: aiosmtplib.SMTPRecipientsRefused) -> Outcome:
    reason = clean("; ".join(f"{one.recipient} was refused: {one.code} {one.message}" for one in fault.recipients))
    if any(400 <= one.code < 500 for one in fault.recipients):
        return Outcome(evidence=Evidence.THROTTLED, reason=reason, retry_after=LATER)
    return Outcome(evidence=Evidence.DEAD, reason=reason)


def _marks(message: Message) -> Mapping[str, str]:
    """What filters of a mailbox may go by."""
    if message.about is None:
        return {}
    incident = message.about.incident
    urgent = {"Importance": "high", "X-Priority": "1"} if not message.silent and incident.is_open and incident.severity.rank == 2 else {}
    return {
        **urgent,
        "X-Incident-Id": incident.id,
        "X-Incident-State": incident.state.value,
        "X-Incident-Severity": incident.severity.value,
        "X-Incident-Kind": message.about.kind,
    }


def _atom(text: str) -> str:
    """What may stand on the left of an @."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in text).strip(".-")


def _clean(text: str) -> str:
    """Half a surrogate pair can't be written as UTF-8."""
    return text.encode("utf-8", "replace").decode()


def _packed(subject: str) -> str:
    """A thread keeps the subject it began with: mail programs tear it apart otherwise."""
    return base64.urlsafe_b64encode(_clean(subject).encode()).decode()


def _unpacked(kept: str) -> str:
    try:
        return base64.urlsafe_b64decode(kept).decode()
    except ValueError:
        return ""
