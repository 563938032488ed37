"""Moves an escalation: who is paged now, who comes next, when everybody was tried. Pure; called by the modules `decide` is made of.

Whom a schedule or a team means is looked up when their turn comes, by the rules then in force; what the policy says is the snapshot.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from receiver.core.destination import Destination
from receiver.core.policy import FROM_ALERT, Aim, Escalation, Policy, Step, Target, Way
from receiver.core.rulebook import PageStep, Person, RuleBook

ASSIGNED_WAIT = timedelta(minutes=15)


def begin(
    policy: Policy,
    rules: RuleBook,
    now: datetime,
    *,
    service: str = "",
    because: str = "",
    by: str = "",
    about: str = "",
    excused: tuple[str, ...] = (),
    also: tuple[str, ...] = (),
    before: Escalation | None = None,
) -> Escalation:
    """The first turn of a policy; `also` are people who are paged beside those of the first step. `before` is what it begins anew."""
    turn, paged = (before.turn, before.paged) if before else (0, ())
    start = Escalation(policy=policy, service=service, turn=turn, turn_at=now, paged=paged, excused=excused, because=because, by=by, about=about, since=now)
    return _take(start, rules, now, also=also)


def take_turn(escalation: Escalation, rules: RuleBook, now: datetime, *, because: str, by: str = "") -> Escalation:
    """The next step; after the last one the next round; after the last round the last step again, from hour to hour."""
    moved = replace(escalation, because=because, by=by, about="")
    steps = escalation.policy.steps
    if escalation.is_exhausted:
        return _take(replace(moved, step=len(steps) - 1, round=moved.round + 1, excused=()), rules, now)
    if escalation.step + 1 < len(steps):
        return _take(replace(moved, step=moved.step + 1), rules, now)
    if escalation.round < escalation.policy.repeat:
        return _take(replace(moved, step=0, round=moved.round + 1, excused=()), rules, now)
    ended = replace(moved, turn=moved.turn + 1, turn_at=now, delivered_at=None, ways=(), failed=(), upcoming=(), holes=(), is_exhausted=True)
    return replace(ended, upcoming=_names(steps[-1], rules, ended.due_at, ended))


def hand_over(escalation: Escalation | None, person: Person, rules: RuleBook, now: datetime, by: str) -> Escalation:
    """One person's turn; when they do not answer either, the policy goes on where it was."""
    if escalation is None:
        target = Target(aim=Aim.PERSON, name=person.id)
        return begin(Policy(name="", steps=(Step(targets=(target,), wait=ASSIGNED_WAIT),), repeat=1), rules, now, because="assigned", by=by)
    turned = replace(escalation, because="assigned", by=by, about="", since=now, is_exhausted=False, excused=())
    return _set(turned, ways_of(person), (), rules, now)


def has_next_step(escalation: Escalation) -> bool:
    """True while this round has a further step."""
    return not escalation.is_exhausted and escalation.step + 1 < len(escalation.policy.steps)


def fail(escalation: Escalation, name: str) -> Escalation:
    """A way of this turn did not get there; it had its try, so it counts as rung."""
    way = escalation.way(name)
    if way is None:
        return escalation
    return replace(ring(escalation, way.destination), failed=tuple(dict.fromkeys((*escalation.failed, name))))


def ring(escalation: Escalation, place: Destination) -> Escalation:
    """A place was rung: from now on it is kept up to date."""
    return escalation if escalation.has_rung(place.name) else replace(escalation, paged=(*escalation.paged, place))


def next_way(escalation: Escalation, name: str, now: datetime) -> Way | None:
    """The next way to the same person that still waits for its time."""
    lost = escalation.way(name)
    if lost is None:
        return None
    mine = (way for way in escalation.ways if way.owner == lost.owner and way.destination.name not in escalation.failed)
    return next((way for way in mine if escalation.turn_at + way.after > now), None)


def ways_of(person: Person) -> tuple[Way, ...]:
    """A person's ways in the order of their delays; who says nothing is paged by Telegram, else by mail. A channel that is named again rings
    again, by a message of its own.
    """
    steps = person.page_by or _default(person)
    found: dict[str, Way] = {}
    times: Counter[str] = Counter()
    for step in sorted(steps, key=lambda one: one.after):
        held = _held(person, step.channel)
        if held is not None:
            name = person.id if step.channel == "telegram" else f"{person.id}/{step.channel}"
            times[step.channel] += 1
            name = f"{name}/{times[step.channel]}" if times[step.channel] > 1 else name
            place = replace(held, name=name, language=person.language, timezone=person.timezone, person=person.id, label=person.name)
            found.setdefault(name, Way(destination=place, after=step.after))
    return tuple(found.values())


def people_of(target: Target, rules: RuleBook, now: datetime, service: str) -> tuple[Person, ...]:
    """Whom a target means at this instant."""
    match target.aim:
        case Aim.PERSON:
            return rules.named((target.name,))
        case Aim.SCHEDULE:
            return rules.on_call(target.name, now)
        case Aim.TEAM:
            return rules.named(rules.teams.get(target.name, ()))
        case Aim.SERVICE:
            owned = rules.services.get(service if target.name == FROM_ALERT else target.name)
            return rules.named(rules.teams.get(owned.team, ())) if owned else ()
        case Aim.DESTINATION:
            return ()


def _take(escalation: Escalation, rules: RuleBook, now: datetime, also: tuple[str, ...] = ()) -> Escalation:
    """Take the step it stands at, or the first after it in this round that can page or tell anybody."""
    holes: list[str] = []
    for at in range(escalation.step, len(escalation.policy.steps)):
        step = escalation.policy.steps[at]
        ways, empty = _ways(step, rules, now, escalation)
        holes += empty
        ways += tuple(way for person in rules.named(also) for way in ways_of(person) if way.destination.name not in {w.destination.name for w in ways})
        if ways or not step.targets:
            return _set(replace(escalation, step=at), ways, tuple(holes), rules, now)
    return _set(replace(escalation, step=len(escalation.policy.steps) - 1), (), tuple(holes), rules, now)


def _set(escalation: Escalation, ways: tuple[Way, ...], holes: tuple[str, ...], rules: RuleBook, now: datetime) -> Escalation:
    rung = {place.name: place for place in (*escalation.paged, *(way.destination for way in ways if not way.after))}
    turn = replace(
        escalation,
        turn=escalation.turn + 1,
        turn_at=now,
        delivered_at=None,
        ways=ways,
        failed=(),
        paged=tuple(rung.values()),
        holes=tuple(dict.fromkeys(holes)),
    )
    return replace(turn, upcoming=_upcoming(turn, rules, now + turn.wait))


def _upcoming(escalation: Escalation, rules: RuleBook, at: datetime) -> tuple[str, ...]:
    steps = escalation.policy.steps
    if has_next_step(escalation):
        return _names(steps[escalation.step + 1], rules, at, escalation)
    return _names(steps[0], rules, at, escalation) if escalation.round < escalation.policy.repeat and not escalation.is_exhausted else ()


def _names(step: Step, rules: RuleBook, at: datetime, escalation: Escalation) -> tuple[str, ...]:
    ways, _ = _ways(step, rules, at, escalation)
    return tuple(dict.fromkeys(way.who for way in ways))


def _ways(step: Step, rules: RuleBook, now: datetime, escalation: Escalation) -> tuple[tuple[Way, ...], tuple[str, ...]]:
    """Everybody this step pages, nobody twice; and the targets that mean nobody who can be paged."""
    found: dict[str, Way] = {}
    holes = []
    for target in step.targets:
        mine = list(_ways_to(target, rules, now, escalation))
        if not mine and not set(escalation.excused) & {person.id for person in people_of(target, rules, now, escalation.service)}:
            holes.append(target.name)
        for way in mine:
            found.setdefault(way.destination.name, way)
    return tuple(found.values()), tuple(holes)


def _ways_to(target: Target, rules: RuleBook, now: datetime, escalation: Escalation) -> Iterator[Way]:
    if target.destination is not None:
        yield Way(destination=target.destination)
    for person in people_of(target, rules, now, escalation.service):
        if person.id not in escalation.excused:
            yield from ways_of(person)


def _default(person: Person) -> tuple[PageStep, ...]:
    return (PageStep(channel="telegram" if person.telegram is not None else "email"),)


def _held(person: Person, channel: str) -> Destination | None:
    """Where a channel finds a person; none when it cannot."""
    match channel:
        case "telegram":
            return None if person.telegram is None else Destination(name=person.id, channel=channel, address={"chat": person.telegram})
        case "email":
            return Destination(name=person.id, channel=channel, address={"to": person.email}) if person.email else None
        case "browser":
            return Destination(name=person.id, channel=channel)
        case _:
            return person.channels.get(channel)
