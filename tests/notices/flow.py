"""One notice in memory: events go in, plans come out; time and facts are changed by hand."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from receiver.channels.notice_texts import NoticeTexts
from receiver.core.delivery import Evidence
from receiver.core.incident import IncidentId
from receiver.core.lint import Secrets
from receiver.core.notice import Impact, NoticeId
from receiver.core.notice_decide import decide_notice
from receiver.core.notice_delivery import due
from receiver.core.notice_event import Actor, Approved, Begun, Delivered, NoticeEvent, Woke
from receiver.core.notice_plan import Facts, NoticePlan, World
from receiver.core.notice_record import Form, Notice
from receiver.core.notice_rules import NoticeChannel, NoticeRules
from tests.builders import NOW
from tests.notices.values import rules

TEXTS = NoticeTexts(Path(__file__).parents[2] / "message_templates")
ANNA, OLEG, SVETA = (Actor(id=n.lower(), name=n, roles=frozenset({"support"})) for n in ("Anna", "Oleg", "Sveta"))
LEO = Actor(id="leo", name="Leo", roles=frozenset({"comms_lead"}))
TOKEN = Actor(id="api:ci", name="ci", roles=frozenset({"support"}), is_person=False)
CHANNEL = NoticeChannel(name="news", kind="telegram", address={"chat": "@news"}, language="ru")
MAIL = NoticeChannel(name="mail", kind="email", delay=timedelta(minutes=2))


class Flow:
    """`facts` are one firing alert unless told otherwise."""

    def __init__(self, **fields: Any) -> None:
        self.rules: NoticeRules = rules(**{"publish": ("page", "feeds", "news", "mail"), "channels": {"news": CHANNEL, "mail": MAIL}, **fields})
        self.facts = Facts(incidents=1, firing=1, impacts={"checkout": Impact.PARTIAL_OUTAGE}, secrets=Secrets())
        self.now = NOW
        self.notice = Notice(
            id=NoticeId("N2345678"), opened_at=NOW, started_at=NOW - timedelta(minutes=4), hold_until=NOW, components=("checkout",),
            incidents=(IncidentId("INC-1"),),
        )  # fmt: skip

    def __call__(self, event: NoticeEvent) -> NoticePlan:
        plan = decide_notice(self.notice, event, World(rules=self.rules, facts=self.facts, compose=TEXTS.compose, now=self.now))
        self.notice = plan.next
        return plan

    def wake(self, **span: float) -> list[str]:
        """Let time pass; every decision until nothing follows any more."""
        self.now += timedelta(**span)
        reasons = []
        for _ in range(20):
            before = replace(self.notice, wake_at=None)
            plan = self(Woke())
            if replace(plan.next, wake_at=None) == before:
                return reasons
            reasons.append(plan.reason.value)
        raise AssertionError(f"it never rests: {reasons}")

    def drafted(self) -> "Flow":
        self.wake()
        assert self.notice.draft is not None
        return self

    def approve(self, *actors: Actor) -> NoticePlan:
        for actor in actors:
            assert self.notice.draft is not None
            plan = self(Approved(actor=actor, revision=self.notice.draft.revision[:6]))
        return plan

    def deliver(self, evidence: Evidence = Evidence.OK, *, only: str = "") -> list[str]:
        """Everything that is due is begun and ends like this."""
        done = []
        for key in due(self.notice.deliveries, self.now):
            if only and only not in key:
                continue
            self(Begun(delivery=key))
            self(Delivered(delivery=key, evidence=evidence, did=self.notice.deliveries[key].want, ref=str(len(self.notice.deliveries)), reason="x"))
            done.append(key)
        return done

    def published(self) -> "Flow":
        self.drafted().approve(ANNA, OLEG)
        self.wake(seconds=20)
        self.deliver()
        assert self.notice.updates
        return self

    @property
    def calls(self) -> list[str]:
        return [d.args["about"] for d in self.notice.deliveries.values() if d.form is Form.CALL]
