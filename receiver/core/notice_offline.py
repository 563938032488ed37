"""Words that were published while the service was down (`receiver notices publish --offline`), and how the service takes them in. Pure.

Called by `cli.offline`, which goes on from what was public last, and by `core.notice_decide`. A word is known by its id, so taking one in
twice changes nothing.
"""

import base64
import hashlib
from dataclasses import replace
from datetime import datetime

from receiver.core.notice import Impact, NoticeId, PublicNotice, UpdateId
from receiver.core.notice_delivery import call, post_key
from receiver.core.notice_event import TakenIn
from receiver.core.notice_plan import NoticePlan, NoticeReason, World, stay
from receiver.core.notice_record import Delivery, Form, Notice, Passage, Stage, Suggestion
from receiver.core.notice_rules import ALWAYS_THERE


def offline_update_id(notice_id: NoticeId, at: datetime) -> UpdateId:
    """Opaque, and never the id of a word that the service published itself meanwhile."""
    digest = hashlib.sha256(f"{notice_id}\noffline\n{at.isoformat()}".encode()).digest()
    return UpdateId("U" + base64.b32encode(digest[:6]).decode().rstrip("="))


def revive(public: PublicNotice) -> Notice:
    """A published notice from what customers saw of it, so that its next word can be said without the store."""
    return Notice(
        id=public.id,
        stage=Stage.OVER if public.phase.is_over or public.is_retracted else Stage.OPEN,
        opened_at=public.published_at,
        started_at=public.started_at,
        components=public.components,
        updates=tuple(reversed(public.updates)),
        phase=public.phase,
        impacts=public.impacts,
        worst=public.impact,
        next_update_at=public.next_update_at,
        scheduled_for=public.scheduled_for,
        scheduled_until=public.scheduled_until,
        is_retracted=public.is_retracted,
    )


def join(held: Notice, told: Notice) -> Notice:
    """`held` with the words only `told` has, in the order in which customers read them; phase and promise are those of the newest word."""
    known = {update.id for update in held.updates}
    new = [update for update in told.updates if update.id not in known]
    if not new or held.is_retracted or held.stage is Stage.MERGED:
        return held
    words = tuple(sorted((*held.updates, *new), key=lambda update: update.at))
    impacts: dict[str, Impact] = {}
    for word in words:
        impacts |= word.impacts
    joined = replace(
        held,
        updates=words,
        components=tuple(dict.fromkeys((*held.components, *impacts))),
        impacts=impacts,
        worst=max(held.worst, told.worst, *impacts.values(), key=lambda impact: impact.rank),
    )
    if words[-1].id in known:
        return joined
    phase = words[-1].phase
    stage, promised = (Stage.OVER, None) if phase.is_over else (Stage.OPEN, told.next_update_at)
    return replace(joined, phase=phase, next_update_at=promised, stage=stage, reminded=0, suggestion=Suggestion.NONE)


def take_in(notice: Notice, event: TakenIn, world: World) -> NoticePlan:
    """The page has these words already and now is ours again. Nothing is sent to the other channels by itself: a person says the next word,
    knowing what happened meanwhile. Whoever had agreed to a draft before looks again.
    """
    joined = join(notice, event.told)
    if joined is notice:
        return stay(notice, NoticeReason.NOTHING_TO_DO)
    known = {update.id for update in notice.updates}
    shown = [name for name in world.rules.publish if name in ALWAYS_THERE]
    there = {
        post_key(word.id, name): Delivery(form=Form.POST, target=name, update=word.id, state=Passage.SENT, due_at=word.at, done=1)
        for word in joined.updates
        for name in shown
        if word.id not in known
    }
    draft = replace(joined.draft, approvals=(), publish_at=None, glass_broken="") if joined.draft else None
    taken = replace(joined, draft=draft, deliveries={**joined.deliveries, **there}, shares=event.shares, owner=event.told.owner or joined.owner)
    if joined.stage is Stage.OPEN:
        about = "offline" if len(shown) < len(world.rules.publish) else "offline_page"
        taken = call(taken, about, world.now, who=event.told.owner)
    return NoticePlan(
        before=notice, next=taken, reason=NoticeReason.TAKEN_IN, by=event.told.owner, text=f"{len(joined.updates) - len(known)} published offline"
    )
