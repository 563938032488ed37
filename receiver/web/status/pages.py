"""The HTML of the public side. Pure: an edition, a key and a language give a page. Called by `web.status.document`."""

from datetime import timedelta
from importlib.resources import files
from typing import Any

import segno
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from receiver.channels import moments
from receiver.channels.public_words import known
from receiver.core.notice_rules import PublicComponent
from receiver.core.subscriber import Subscriber
from receiver.web.status import component_view
from receiver.web.status.assets import SCRIPT, STYLE, logo_of
from receiver.web.status.edition import WEEK, Edition, text_in
from receiver.web.status.links import Links
from receiver.web.status.notice_view import NoticeView, view, when
from receiver.web.status.signup_words import signup_words
from receiver.web.status.words import BANNERS, WORDS, words

_TEMPLATES = files("receiver.web.status").joinpath("templates")
_SHAPES = {"none": "ok", "maintenance": "work", "minor": "degraded", "major": "partial", "critical": "major"}
_jinja = Environment(
    loader=FunctionLoader(lambda name: _TEMPLATES.joinpath(name).read_text("utf-8")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


class Pages:
    """Renders pages of one edition; `links` say how documents find each other."""

    def __init__(self, edition: Edition, links: Links) -> None:
        self._edition, self._links = edition, links

    def home(self, language: str, at: str) -> str:
        """What is going on, what is planned, all components, the last week."""
        edition = self._edition
        week = [n for n in edition.notices if not n.is_open and not n.is_maintenance and (n.resolved_at or n.updated_at) > edition.now - WEEK]
        return self._render(
            "home.html.j2",
            language,
            at,
            "",
            heading=BANNERS[known(language)][edition.indicator],
            shape=_SHAPES[edition.indicator],
            open=self._views(edition.open, language),
            works=self._views(edition.near_works, language),
            groups=component_view.groups(edition, language),
            week=self._views(week, language),
        )

    def notice(self, language: str, at: str, notice_id: str) -> str | None:
        """One notice with all it ever said; None when there is none."""
        found = self._edition.notice(notice_id)
        if found is None:
            return None
        shown = view(found, self._edition, language)
        return self._render("notice.html.j2", language, at, f"notices/{notice_id}", heading=shown.title, notice=shown)

    def history(self, language: str, at: str, month: str) -> str | None:
        """One month; None for one that nothing is known of."""
        months = self._edition.months
        if month not in months:
            return None
        place, said = months.index(month), words(language)
        name = moments.month(month, known(language))
        return self._render(
            "history.html.j2",
            language,
            at,
            f"history/{month}",
            heading=f"{said['history']}: {name}",
            notices=self._views(self._edition.of_month(month), language),
            older=months[place + 1] if place + 1 < len(months) else "",
            newer=months[place - 1] if place else "",
            name_of=lambda text: moments.month(text, known(language)),
            components=self._named(language),
        )

    def component(self, language: str, at: str, component: PublicComponent) -> str:
        """One component: its 90 days and every notice about it."""
        about = [n for n in self._edition.notices if component.id in n.components and not n.is_retracted]
        return self._render(
            "component.html.j2",
            language,
            at,
            f"components/{component.id}",
            heading=text_in(component.names, language),
            component=component_view.view(component, self._edition, language),
            notices=self._views(about, language),
        )

    def maintenance(self, language: str, at: str) -> str:
        """Planned work, and that of the last year."""
        edition = self._edition
        past = [n for n in edition.notices if n.is_maintenance and not n.is_open and n.updated_at > edition.now - timedelta(days=365)]
        heading = words(language)["maintenance"]
        return self._render(
            "maintenance.html.j2",
            language,
            at,
            "maintenance",
            heading=heading,
            works=self._views(edition.works, language),
            past=self._views(past, language),
        )

    def updates(self, language: str, at: str, filled: str = "") -> str:
        """Every way to be told; forms carry `filled`, when they were fetched, and without it lead to the live page."""
        site, sign = self._edition.site, signup_words(language)
        telegram = site.telegram + language if site.telegram else ""
        return self._render(
            "updates.html.j2", language, at, "updates", heading=sign["heading"], sign=sign, components=self._named(language), filled=filled,
            takes_mail=site.takes_mail, takes_hooks=site.takes_hooks, telegram=telegram, code=_code(telegram),
        )  # fmt: skip

    def form(self, language: str, heading: str, text: str, *, place: str, button: str = "", chosen: Subscriber | None = None) -> str:
        """One press, or (with `chosen`) the settings of a subscriber. It is posted to its own address, `place` in any language."""
        tongues = [(tongue, signup_words(tongue)["in_language"]) for tongue in self._edition.site.languages]
        values = {"sign": signup_words(language), "button": button, "chosen": chosen, "components": self._named(language), "tongues": tongues}
        return self._render("form.html.j2", language, "", place, is_for_all=False, heading=heading, text=text, **values)

    def note(self, language: str, heading: str, text: str, *, again: bool = False) -> str:
        """A sentence about what was done; `again` leads to the form."""
        back = ("updates", signup_words(language)["heading"]) if again else ("", words(language)["back"])
        return self._render("message.html.j2", language, "", "", is_for_all=False, heading=heading, text=text, back=back)

    def not_found(self, language: str) -> str:
        """Whatever was asked for, it is not repeated."""
        return self._render(
            "message.html.j2",
            language,
            "",
            "",
            is_for_all=False,
            heading=words(language)["not_found"],
            text=words(language)["not_found_text"],
            back=("", words(language)["back"]),
        )

    def _named(self, language: str) -> list[tuple[str, str]]:
        return [(c.id, text_in(c.names, language)) for c in self._edition.site.components]

    def _views(self, notices: Any, language: str) -> list[NoticeView]:
        return [view(notice, self._edition, language) for notice in notices]

    def _render(self, template: str, language: str, at: str, rest: str, *, is_for_all: bool = True, **values: Any) -> str:
        """`rest` is the address without the language; a page not `is_for_all` stands under no tab and is nobody's to find."""
        edition, site = self._edition, self._edition.site
        said = words(language)
        zone = f"{site.timezone} ({moments.offset(edition.now.astimezone(site.zone))})"
        return _jinja.get_template(template).render(
            say=said,
            language=language,
            others=[(tongue, WORDS[known(tongue)]["in_language"]) for tongue in site.languages if tongue != language],
            rest=rest,
            is_for_all=is_for_all,
            to=lambda key: self._links.to(key, at),
            absolute=site.url,
            page_name=site.name(language),
            contact=site.contact,
            zone=said["zone"].format(zone=zone),
            as_of=when(edition.as_of, edition, language),
            age=moments.ago(edition.now - edition.as_of, known(language)),
            is_kept=edition.is_kept,
            is_old=edition.is_old,
            is_copy=self._links.is_copy,
            has_open=bool(edition.open),
            has_feeds=site.has_feeds,
            is_indexed=site.is_indexed,
            style=STYLE.key,
            logo=logo.key if (logo := logo_of(site)) else "",
            script=SCRIPT.key,
            **values,
        )


def _code(address: str) -> Markup:
    """A QR code, black on white in every scheme because cameras want it so."""
    if not address:
        return Markup("")
    return Markup(segno.make(address, micro=False).svg_inline(omitsize=True, dark="#000", light="#fff"))  # noqa: S704 - the library draws it, nothing of the address stands in it
