"""A real SMTP server that keeps what it is given and refuses what it is told to refuse."""

import asyncio
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class MailServer:
    """`refuse(address)` answers an SMTP line for a recipient, or nothing; `dies` hangs up after it has taken a letter."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, str, EmailMessage]] = []  # envelope sender, recipient, letter
        self.refuse: Callable[[str], str] = lambda _: ""
        self.dies = False
        self.port = 0

    async def __aenter__(self) -> "MailServer":
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self, enable_SMTPUTF8=False), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802 - the library's name
        if refusal := self.refuse(address):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the library's name
        letter = message_from_bytes(bytes(envelope.content or b""), policy=policy.default)
        self.letters += [(str(envelope.mail_from), one, letter) for one in envelope.rcpt_tos]  # type: ignore[misc]
        if self.dies:
            server.transport.abort()
        return "250 taken"
