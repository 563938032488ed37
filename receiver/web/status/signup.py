"""What readers send: the wish to be told, the confirmation, a change, the end. Called by `routes`; letters are written by `workers.subscriptions`.

GET never changes anything: mail scanners open every link. A POST from a letter needs no cookie and no page (RFC 8058). What is answered says
nothing of whether an address is known, and takes the same time either way: the wish is only written down.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from receiver.clock import Clock
from receiver.core.errors import StoreUnavailableError
from receiver.core.pledge import Purpose, redeem
from receiver.core.subscriber import Standing, Subscriber
from receiver.store.subscribers import Subscribers, network_of
from receiver.web.status.edition import Edition
from receiver.web.status.links import Links
from receiver.web.status.pages import Pages
from receiver.web.status.reply import send_private
from receiver.web.status.signup_words import signup_words

LEFT_FOR = timedelta(hours=24)
_MAILBOX = re.compile(r"[^\s@<>,;:\"\\()\[\]\x00-\x1f\x7f]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,188}[A-Za-z0-9])?\.[A-Za-z]{2,24}")
_PURPOSES = {purpose.value: purpose for purpose in (Purpose.CONFIRM, Purpose.MANAGE, Purpose.UNSUBSCRIBE)}


class Signup:
    """`key` signs links. `client` says which address a request came from, behind so many proxies as are trusted."""

    def __init__(self, subscribers: Subscribers, clock: Clock, key: bytes, client: Callable[[Request[Any, Any, Any]], str]) -> None:
        self._subscribers, self._clock, self._key, self._client = subscribers, clock, key, client

    async def look(self, edition: Edition, key: str) -> Response[bytes] | None:
        """The page behind a link of a letter; None for any other key."""
        found = _link(edition, key)
        if found is None:
            return None
        language, purpose, token = found
        said, pages = signup_words(language), Pages(edition, Links())
        try:
            one = await self._holder(purpose, token)
        except StoreUnavailableError:
            return send_private(pages.note(language, said["later"], said["later_text"]), status=503)
        if one is None:
            return send_private(pages.note(language, said["invalid"], said["invalid_text"], again=True), status=410)
        if purpose is Purpose.MANAGE:
            return send_private(pages.form(language, said["manage"], "", chosen=one))
        return send_private(pages.form(language, said[purpose], said[f"{purpose}_text"], button=said[purpose]))

    async def take(self, request: Request[Any, Any, Any], edition: Edition, key: str) -> Response[bytes] | None:
        """What a form or a mail program sent; None when nothing is taken under this key."""
        language, _, rest = key.partition("/")
        pages = Pages(edition, Links())
        try:
            if language in edition.site.languages and rest == "updates" and edition.site.takes_mail:
                return await self._wish(request, pages, language)
            found = _link(edition, key)
            return await self._act(request, edition, *found) if found else None
        except StoreUnavailableError:
            said = signup_words(language)
            return send_private(pages.note(language if language in edition.site.languages else "en", said["later"], said["later_text"]), status=503)

    async def _wish(self, request: Request[Any, Any, Any], pages: Pages, language: str) -> Response[bytes]:
        said, form = signup_words(language), await _form(request)
        address = form.get("email", [""])[0].strip()[:254]
        if not _MAILBOX.fullmatch(address):
            return send_private(pages.note(language, said["wrong"], said["wrong_text"], again=True), status=400)
        if not form.get("website", [""])[0]:  # people do not see this field; programs fill in everything
            wish = {
                "address": address,
                "language": language,
                "components": form.get("component", [])[:50],
                "network": network_of(self._client(request)),
                "consent": said["consent"],
            }
            await self._subscribers.push_asked(msgspec.json.encode(wish))
        return send_private(pages.note(language, said["asked"], said["asked_text"]))

    async def _act(self, request: Request[Any, Any, Any], edition: Edition, language: str, purpose: Purpose, token: str) -> Response[bytes]:
        said, pages = signup_words(language), Pages(edition, Links())
        one = await self._holder(purpose, token)
        if purpose is Purpose.UNSUBSCRIBE or one is None:
            # Who is gone already is told the same as who goes now.
            if one is not None:
                await self._leave(one)
            is_signed = redeem(self._key, purpose, token, self._clock.now()) is not None
            if purpose is Purpose.UNSUBSCRIBE and is_signed:
                return send_private(pages.note(language, said["gone"], said["gone_text"]))
            return send_private(pages.note(language, said["invalid"], said["invalid_text"], again=True), status=410)
        if purpose is Purpose.CONFIRM:
            if one.standing is Standing.PENDING:
                await self._subscribers.save(replace(one, standing=Standing.ACTIVE, confirmed_at=self._clock.now()))
            return send_private(pages.note(language, said["confirmed"], said["confirmed_text"]))
        return await self._change(await _form(request), edition, one)

    async def _change(self, form: dict[str, list[str]], edition: Edition, one: Subscriber) -> Response[bytes]:
        pages = Pages(edition, Links())
        if form.get("do") == ["unsubscribe"]:
            await self._leave(one)
            said = signup_words(one.language)
            return send_private(pages.note(one.language, said["gone"], said["gone_text"]))
        wanted = form.get("language", [one.language])[0]
        language = wanted if wanted in edition.site.languages else one.language
        known = {c.id for c in edition.site.components}
        await self._subscribers.save(replace(one, language=language, components=tuple(name for name in form.get("component", []) if name in known)))
        said = signup_words(language)
        return send_private(pages.note(language, said["saved"], said["saved_text"]))

    async def _leave(self, one: Subscriber) -> None:
        await self._subscribers.remove(one)
        await self._subscribers.cool(one.kind, one.address, LEFT_FOR)

    async def _holder(self, purpose: Purpose, token: str) -> Subscriber | None:
        subject = redeem(self._key, purpose, token, self._clock.now())
        return await self._subscribers.load(subject) if subject else None


def _link(edition: Edition, key: str) -> tuple[str, Purpose, str] | None:
    language, _, rest = key.partition("/")
    name, _, token = rest.partition("/")
    purpose = _PURPOSES.get(name)
    return (language, purpose, token) if language in edition.site.languages and purpose and token else None


async def _form(request: Request[Any, Any, Any]) -> dict[str, list[str]]:
    """Fields by name; empty for what is no form, or too long."""
    try:
        sent = await request.form()
    except (HTTPException, ValueError):
        return {}
    return {name: [str(value)[:500] for value in sent.getall(name)] for name in sent}
