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
from receiver.core.pledge import Purpose, pledge, redeem
from receiver.core.subscriber import EMAIL, WEBHOOK, Standing, Subscriber, is_hook
from receiver.store.subscribers import Subscribers, network_of
from receiver.web.status.edition import Edition
from receiver.web.status.links import Links
from receiver.web.status.pages import Pages
from receiver.web.status.reply import send_private
from receiver.web.status.signup_words import signup_words

FORM_FOR = timedelta(hours=24)
QUICKEST = timedelta(seconds=3)  # nobody reads the form and types an address in less
_MAILBOX = re.compile(r"[^\s@<>,;:\"\\()\[\]\x00-\x1f\x7f]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,188}[A-Za-z0-9])?\.[A-Za-z]{2,24}")
_PURPOSES = {purpose.value: purpose for purpose in (Purpose.CONFIRM, Purpose.MANAGE, Purpose.UNSUBSCRIBE)}


class Signup:
    """`key` signs links. `client` says which address a request came from, behind so many proxies as are trusted."""

    def __init__(self, subscribers: Subscribers, clock: Clock, key: bytes, client: Callable[[Request[Any, Any, Any]], str]) -> None:
        self._subscribers, self._clock, self._key, self._client = subscribers, clock, key, client

    async def look(self, edition: Edition, key: str) -> Response[bytes] | None:
        """The page behind a link of a letter, and the form with the time it was fetched in it; None for any other key."""
        if page := self._fresh_form(edition, key):
            return send_private(page)
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
        place = f"{purpose}/{token}"
        if purpose is Purpose.MANAGE:
            return send_private(pages.form(language, said["manage"], "", place=place, chosen=one))
        return send_private(pages.form(language, said[purpose], said[f"{purpose}_text"], place=place, button=said[purpose]))

    def _fresh_form(self, edition: Edition, key: str) -> str:
        language, _, rest = key.partition("/")
        site = edition.site
        if rest != "updates" or language not in site.languages or not site.has_page or not (site.takes_mail or site.takes_hooks):
            return ""
        now = self._clock.now()
        token = pledge(self._key, Purpose.FORM, str(int(now.timestamp())), now + FORM_FOR)
        return Pages(edition, Links()).updates(language, key, filled=token)

    async def take(self, request: Request[Any, Any, Any], edition: Edition, key: str) -> Response[bytes] | None:
        """What a form or a mail program sent; None when nothing is taken under this key."""
        language, _, rest = key.partition("/")
        pages = Pages(edition, Links())
        try:
            found = _link(edition, key)
            is_mail_programs = found is not None and found[1] is Purpose.UNSUBSCRIBE  # a POST by itself is theirs to make (RFC 8058)
            if language in edition.site.languages and _is_foreign(request) and not is_mail_programs:
                said = signup_words(language)
                return send_private(pages.note(language, said["foreign"], said["foreign_text"], again=True), status=403)
            if language in edition.site.languages and rest == "updates":
                return await self._wish(request, edition, language)
            return await self._act(request, edition, *found) if found else None
        except StoreUnavailableError:
            said = signup_words(language)
            return send_private(pages.note(language if language in edition.site.languages else "en", said["later"], said["later_text"]), status=503)

    async def _wish(self, request: Request[Any, Any, Any], edition: Edition, language: str) -> Response[bytes] | None:
        said, form, pages = signup_words(language), await _form(request), Pages(edition, Links())
        kind = WEBHOOK if "url" in form else EMAIL
        if not (edition.site.takes_hooks if kind == WEBHOOK else edition.site.takes_mail):
            return None
        address = form.get("url" if kind == WEBHOOK else "email", [""])[0].strip()
        is_right = is_hook(address) if kind == WEBHOOK else len(address) <= 254 and _MAILBOX.fullmatch(address)
        if not is_right:
            return send_private(pages.note(language, said["wrong"], said[f"wrong_{kind}"], again=True), status=400)
        # People do not see the field `website`, and programs fill in everything; programs do not read the form first, or not for long.
        if not form.get("website", [""])[0] and self._was_read(form.get("filled", [""])[0]):
            wish = {
                "kind": kind,
                "address": address,
                "language": language,
                "components": form.get("component", [])[:50],
                "network": network_of(self._client(request)),
                "consent": said["consent"],
            }
            await self._subscribers.push_asked(msgspec.json.encode(wish))
        return send_private(pages.note(language, said["asked"], said[f"asked_{kind}"]))

    def _was_read(self, token: str) -> bool:
        """True when the form was fetched here, some seconds and at most a day ago."""
        now = self._clock.now()
        fetched = redeem(self._key, Purpose.FORM, token, now)
        return fetched is not None and now.timestamp() - int(fetched) >= QUICKEST.total_seconds()

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
            if one.standing in (Standing.PENDING, Standing.LEFT):
                await self._subscribers.save(replace(one, standing=Standing.ACTIVE, confirmed_at=self._clock.now(), left_at=None))
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
        """Nothing more is sent; the address is left alone for a month, then deleted. Who shares it is told once."""
        if one.standing is Standing.LEFT:
            return
        await self._subscribers.save(replace(one, standing=Standing.LEFT, left_at=self._clock.now()))
        if one.kind == EMAIL and one.standing is Standing.ACTIVE:
            await self._subscribers.push_asked(msgspec.json.encode({"left": one.id}))

    async def _holder(self, purpose: Purpose, token: str) -> Subscriber | None:
        subject = redeem(self._key, purpose, token, self._clock.now())
        return await self._subscribers.load(subject) if subject else None


def _link(edition: Edition, key: str) -> tuple[str, Purpose, str] | None:
    language, _, rest = key.partition("/")
    name, _, token = rest.partition("/")
    purpose = _PURPOSES.get(name)
    return (language, purpose, token) if language in edition.site.languages and purpose and token else None


def _is_foreign(request: Request[Any, Any, Any]) -> bool:
    """True when a browser says that another site's page sent this."""
    site, origin = request.headers.get("sec-fetch-site", ""), request.headers.get("origin", "")
    host = origin.partition("://")[2]
    return site in ("cross-site", "same-site") or (bool(host) and host != request.headers.get("host", ""))


async def _form(request: Request[Any, Any, Any]) -> dict[str, list[str]]:
    """Fields by name; empty for what is no form, or too long."""
    try:
        sent = await request.form()
    except (HTTPException, ValueError):
        return {}
    return {name: [str(value)[:600] for value in sent.getall(name)] for name in sent}
