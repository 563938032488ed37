"""A mail server on loopback, with STARTTLS and AUTH as real ones have; what it took is the tests' oracle."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "receiver", "a mail password that must not leak"


@dataclass
class MailEnd:
    """`refuse` by mailbox and `answer` to DATA are whole SMTP answers; `then` is drop or hang once the mail was taken."""

    port: int = 0
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    refuse: dict[str, str] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    then: str = ""
    took: list[EmailMessage] = field(default_factory=list)
    sessions: list[dict[str, Any]] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_RCPT(  # noqa: N802 - the server calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the server calls it so
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("2"):
            content = envelope.content if isinstance(envelope.content, bytes) else b""
            mail = message_from_bytes(content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            assert mail.defects == []
            self.took.append(mail)
            self.sessions.append({"to": list(envelope.rcpt_tos), "from": envelope.mail_from, "tls": session.ssl is not None, "auth": session.authenticated})
        if self.then == "drop":
            server.transport.abort()
        elif self.then == "hang":
            await self.gone.wait()
        return answer

    def sign_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        is_right = isinstance(given, LoginPassword) and (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=False)


@contextlib.asynccontextmanager
async def mail_end(host: str = "localhost") -> AsyncIterator[MailEnd]:
    """A running server whose certificate only `trust` knows."""
    authority = trustme.CA()
    there = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(there)
    end = MailEnd()
    authority.configure_trust(end.trust)

    def session() -> SMTP:
        return SMTP(end, hostname="mail.test", tls_context=there, require_starttls=True, auth_required=True, authenticator=end.sign_in, enable_SMTPUTF8=True)

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    end.port = server.sockets[0].getsockname()[1]
    try:
        yield end
    finally:
        end.gone.set()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0)  # connections that the server let go end in the loop's next turn
