"""How a notice's effects go: made due, begun, ended, judged by a person. Pure; called by the other notice decisions.

A word to customers is sent at most once by itself: when nobody knows whether it arrived, a person is asked. The card, calls to the support
chat and edits may repeat.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from receiver.core.delivery import Evidence
from receiver.core.notice_event import Begun, Delivered, Drifted, Judged
from receiver.core.notice_plan import NoticePlan, NoticeReason, World, stay
from receiver.core.notice_record import Delivery, Form, Notice, Passage
from receiver.core.notice_rules import ALWAYS_THERE, NoticeRules

CARD = "card"
MOST_CALLS = 20
GIVE_UP = timedelta(hours=6)
_LONGEST = timedelta(minutes=5)


def show(notice: Notice, now: datetime) -> Notice:
    """The card says something else now."""
    held = notice.deliveries.get(CARD)
    card = _again(held, now) if held else Delivery(form=Form.CARD, target=CARD, due_at=now)
    return _with(notice, CARD, card)


def call(notice: Notice, about: str, now: datetime, **args: str) -> Notice:
    """A new message in the support chat, because a person is needed."""
    number = 1 + max((int(key.split(".")[1]) for key, d in notice.deliveries.items() if d.form is Form.CALL), default=0)
    kept = {key: d for key, d in notice.deliveries.items() if d.form is not Form.CALL or d.state is not Passage.SENT or number - int(key[5:]) < MOST_CALLS}
    made = Delivery(form=Form.CALL, target=CARD, due_at=now, args={"about": about, **args})
    return replace(notice, deliveries={**kept, f"call.{number}": made})


def post_key(update: str, target: str) -> str:
    """The identity of one word on one channel."""
    return f"{update}.{target}"


def posts(notice: Notice, channels: tuple[str, ...], rules: NoticeRules, now: datetime) -> Notice:
    """The newest word goes out: the page and the feeds have it with the commit itself, mail waits a little because it can't be taken back."""
    word, found = notice.updates[-1], dict(notice.deliveries)
    for name in channels:
        if name in ALWAYS_THERE:
            found[post_key(word.id, name)] = Delivery(form=Form.POST, target=name, update=word.id, state=Passage.SENT, due_at=now, done=1)
            continue
        channel = rules.channels.get(name)
        if channel is None:
            continue
        found[post_key(word.id, name)] = Delivery(form=Form.POST, target=name, update=word.id, due_at=now + channel.delay)
    return heads(replace(notice, deliveries=found), rules, now)


def heads(notice: Notice, rules: NoticeRules, now: datetime) -> Notice:
    """Where the first post of a channel is kept, it shows the state of things."""
    found = dict(notice.deliveries)
    for name, channel in rules.channels.items():
        first = first_post(notice, name)
        if channel.kind != "telegram" or first is None or not first.ref or len(notice.updates) < 2:
            continue
        key = f"head.{name}"
        held = found.get(key)
        found[key] = _again(held, now) if held else Delivery(form=Form.HEAD, target=name, update=first.update, due_at=now, ref=first.ref)
    return replace(notice, deliveries=found)


def first_post(notice: Notice, target: str) -> Delivery | None:
    """The delivery of the oldest word that reached this channel."""
    for update in notice.updates:
        found = notice.deliveries.get(post_key(update.id, target))
        if found and found.ref:
            return found
    return None


def resend(notice: Notice, update: str, now: datetime) -> Notice:
    """A corrected word goes where it already stands."""
    found = {
        key: _again(d, now) if d.form is Form.POST and d.update == update and d.target not in ALWAYS_THERE and d.state is not Passage.STOPPED else d
        for key, d in notice.deliveries.items()
    }
    return replace(notice, deliveries=found)


def begin(notice: Notice, event: Begun, world: World) -> NoticePlan:
    """Whoever writes this has the delivery; a second worker finds it begun."""
    held = notice.deliveries.get(event.delivery)
    if held is None or held.state is not Passage.DUE or held.due_at > world.now:
        return stay(notice, NoticeReason.NOTHING_TO_DO)
    begun = replace(held, state=Passage.SENDING, begun_at=world.now)
    return NoticePlan(before=notice, next=_with(notice, event.delivery, begun), reason=NoticeReason.BEGUN, text=event.delivery)


def end(notice: Notice, event: Delivered, world: World) -> NoticePlan:
    """Record an attempt; what is unknown and must not be there twice becomes a question."""
    held = notice.deliveries.get(event.delivery)
    if held is None:
        return stay(notice, NoticeReason.NOTHING_TO_DO)
    counted = replace(held, total=event.total or held.total, sent=event.sent or held.sent, failed=event.failed or held.failed, reason=event.reason)
    match event.evidence:
        case Evidence.OK:
            return _sent(notice, event, counted, world)
        case Evidence.UNKNOWN if is_asked_about(held, world.rules):
            return _unknown(notice, event.delivery, counted, world)
        case Evidence.UNEDITABLE if held.form is Form.CARD:
            fresh = replace(counted, ref="", state=Passage.DUE, due_at=world.now)
            return NoticePlan(before=notice, next=_with(notice, event.delivery, fresh), reason=NoticeReason.DELIVERY_LATER)
        case Evidence.REFUSED | Evidence.DEAD | Evidence.UNEDITABLE:
            return _failed(notice, event.delivery, counted, world)
        case _:
            return _later(notice, event, counted, world)


def is_asked_about(delivery: Delivery, rules: NoticeRules) -> bool:
    """True where a repetition would be read twice by customers."""
    if delivery.form is not Form.POST or (delivery.ref and delivery.done):
        return False
    channel = rules.channels.get(delivery.target)
    return channel is not None and not channel.is_idempotent


def expire(notice: Notice, world: World) -> NoticePlan | None:
    """Whoever had begun these is gone: repeated where it does no harm, else asked."""
    for key, held in notice.deliveries.items():
        look_at = held.look_at
        if held.state is not Passage.SENDING or look_at is None or look_at > world.now:
            continue
        if is_asked_about(held, world.rules):
            return _unknown(notice, key, replace(held, reason="the worker that sent it is gone"), world)
        again = replace(held, state=Passage.DUE, due_at=world.now, begun_at=None)
        return NoticePlan(before=notice, next=_with(notice, key, again), reason=NoticeReason.DELIVERY_LATER, text=key)
    return None


def judge(notice: Notice, event: Judged, world: World) -> NoticePlan:
    """A person's word about a delivery: it was sent, or it shall be sent again."""
    held = notice.deliveries.get(event.delivery)
    if held is None or held.state not in (Passage.UNKNOWN, Passage.FAILED):
        return stay(notice, NoticeReason.NOTHING_TO_DO, by=event.actor.id)
    if event.again:
        changed = replace(held, state=Passage.DUE, due_at=world.now, begun_at=None, attempts=0, reason="")
    else:
        changed = replace(held, state=Passage.SENT, done=held.want, reason="")
    text = f"{event.delivery}: {'again' if event.again else 'it was sent'}"
    return NoticePlan(before=notice, next=_with(notice, event.delivery, changed), reason=NoticeReason.JUDGED, by=event.actor.id, text=text)


def drift(notice: Notice, event: Drifted) -> NoticePlan:
    """What a far end shows is said on the card, never overwritten."""
    known = {name: what for name, what in notice.drift.items() if name != event.target} | ({event.target: event.what} if event.what else {})
    if known == dict(notice.drift):
        return stay(notice, NoticeReason.NOTHING_TO_DO)
    return NoticePlan(before=notice, next=replace(notice, drift=known), reason=NoticeReason.DRIFTED, text=f"{event.target}: {event.what}")


def stop_waiting(notice: Notice, now: datetime) -> tuple[Notice, int]:
    """Take back what has not begun; how many there were."""
    waiting = {key for key, d in notice.deliveries.items() if d.form is Form.POST and d.state is Passage.DUE and (d.due_at > now or not d.attempts)}
    found = {key: replace(d, state=Passage.STOPPED) if key in waiting else d for key, d in notice.deliveries.items()}
    return replace(notice, deliveries=found), len(waiting)


def due(deliveries: Mapping[str, Delivery], now: datetime) -> list[str]:
    """What may be begun now, in the order in which it must be read: a reply needs the post it answers."""
    ready = [key for key, d in deliveries.items() if d.state is Passage.DUE and d.due_at <= now]
    return sorted(ready, key=lambda key: (deliveries[key].form is Form.CALL, deliveries[key].form is Form.HEAD))


def _sent(notice: Notice, event: Delivered, held: Delivery, world: World) -> NoticePlan:
    is_whole = event.did >= held.want
    sent = replace(
        held,
        state=Passage.SENT if is_whole else Passage.DUE,
        due_at=held.due_at if is_whole else world.now,
        done=event.did,
        ref=event.ref or held.ref,
        attempts=0,
        begun_at=None,
    )
    next_notice = _with(notice, event.delivery, sent)
    return NoticePlan(before=notice, next=next_notice, reason=NoticeReason.DELIVERED, text=event.delivery)


def _unknown(notice: Notice, key: str, held: Delivery, world: World) -> NoticePlan:
    asked = call(_with(notice, key, replace(held, state=Passage.UNKNOWN, begun_at=None)), "unknown", world.now, delivery=key, target=held.target)
    return NoticePlan(before=notice, next=asked, reason=NoticeReason.OUTCOME_UNKNOWN, text=f"{key}: {held.reason}")


def _failed(notice: Notice, key: str, held: Delivery, world: World) -> NoticePlan:
    failed = _with(notice, key, replace(held, state=Passage.FAILED, begun_at=None))
    if held.form is Form.POST:
        failed = call(failed, "failed", world.now, delivery=key, target=held.target, why=held.reason)
    return NoticePlan(before=notice, next=failed, reason=NoticeReason.DELIVERY_FAILED, text=f"{key}: {held.reason}")


def _later(notice: Notice, event: Delivered, held: Delivery, world: World) -> NoticePlan:
    since = held.waits_since if held.attempts and held.waits_since else held.due_at
    if held.form is Form.POST and world.now - since > GIVE_UP:
        return _failed(notice, event.delivery, held, world)
    wait = event.retry_after or min(_LONGEST, timedelta(seconds=2 ** min(held.attempts + 1, 9)))
    later = replace(held, state=Passage.DUE, due_at=world.now + wait, waits_since=since, attempts=held.attempts + 1, begun_at=None)
    return NoticePlan(before=notice, next=_with(notice, event.delivery, later), reason=NoticeReason.DELIVERY_LATER, text=f"{event.delivery}: {held.reason}")


def _again(held: Delivery, now: datetime) -> Delivery:
    """Asked for once more; one that is on its way is due again when it has ended."""
    wanted = replace(held, want=held.want + 1)
    return wanted if held.state in (Passage.SENDING, Passage.UNKNOWN) else replace(wanted, state=Passage.DUE, due_at=max(now, held.due_at))


def _with(notice: Notice, key: str, delivery: Delivery) -> Notice:
    return replace(notice, deliveries={**notice.deliveries, key: delivery})
