"""The outbox: slots with lease, begin and fence. Used by `workers.sender` and the dead-letter commands."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec
from redis.asyncio import Redis

from receiver.core.delivery import Verdict
from receiver.core.incident import Destination, IncidentId
from receiver.core.plan import Kind, Priority
from receiver.store.answer import ask
from receiver.store.incidents import EDIT_SPACING
from receiver.store.keys import Partitions, rate
from receiver.store.scripts import Argument, Script

SEND_LEASE = timedelta(seconds=20)
TEXTS, TEXTS_APART = ((int(Priority.PAGE), int(Priority.CHAT)),), ((int(Priority.PAGE), int(Priority.PAGE)), (int(Priority.RELEASE), int(Priority.CHAT)))
PICTURES = ((int(Priority.PICTURE), int(Priority.PICTURE)),)


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """One claimed notification. `fence` proves the claim; `copies` are further messages that show the same; `lost` workers had it before and were
    never heard of again. `trace` is that of the decision it serves, where somebody traces."""

    id: str
    incident_id: IncidentId
    kind: Kind
    priority: Priority
    destination: Destination
    args: dict[str, str]
    fence: int
    ref: str
    copies: tuple[str, ...]
    attempts: int
    unknowns: int
    lost: int
    first_due_ms: int
    trace: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """Rate limits of one bot and one chat (Telegram: about 30 messages/s a bot, 1/s a chat, 20/min a group)."""

    chat_interval: timedelta = timedelta(seconds=3)
    chat_burst: int = 10
    bot_interval: timedelta = timedelta(milliseconds=40)
    bot_burst: int = 25


def pace_of(pace: Pace, chat: str) -> Pace:
    """Telegram's groups (negative ids, channels) take 20 messages a minute, its private chats one a second."""
    channel, _, target = chat.partition(":")
    return pace if channel != "telegram" or target.startswith(("-", "@")) else replace(pace, chat_interval=timedelta(seconds=1))


class Outbox:
    """The slots of all partitions."""

    def __init__(self, client: Redis, partitions: Partitions) -> None:
        self._client = client
        self._partitions = partitions
        self._turn = 0
        self._claim, self._begin, self._done, self._throttle = (Script(n) for n in ("claim", "begin", "done", "throttle"))

    async def claim(self, now: datetime, limit: int, lanes: tuple[tuple[int, int], ...] = ()) -> list[Slot]:
        """Take due slots: pages first, wherever they lie; the partitions take turns in being asked first. Texts, unless other `lanes` are named."""
        self._turn += 1
        found: list[Slot] = []
        for first, last in lanes or (TEXTS_APART if len(self._partitions) > 1 else TEXTS):
            for at in self._partitions.from_turn(self._turn):
                if len(found) < limit:
                    args: list[Argument] = [at.prefix, _ms(now), _span(SEND_LEASE), limit - len(found), first, last]
                    claimed = await self._claim.run(self._client, [at.of("due:0")], args)
                    found += [_slot(mid.decode(), fields) for mid, fields in claimed]
        return found

    def _key(self, mid: str) -> str:
        return self._partitions.of_incident(mid).of("msg", mid)

    async def begin(self, slot: Slot) -> bool:
        """Mark that the socket write starts now; False when another worker has the slot."""
        return bool(await self._begin.run(self._client, [self._key(slot.id)], [slot.fence]))

    async def outlive(self, slot: Slot) -> None:
        """The lease will run out, but its worker lives: leases that were lost before are forgotten. Raises StoreUnavailableError."""
        await ask(self._client.hdel(self._key(slot.id), "lost"))

    async def done(
        self,
        slot: Slot,
        verdict: Verdict,
        now: datetime,
        *,
        version: int = 0,
        ref: str = "",
        after: timedelta = timedelta(0),
        is_unknown: bool = False,
        reason: str = "",
        hush: str = "",
    ) -> bool:
        """Record the attempt; False when the fence was stale. `ref="-"` forgets the message, so that the next try is a new one.

        `hush` is why it made no sound (`core.sound`); kept of the first message, for an edit makes none anyway.
        """
        args: list[Argument] = [self._partitions.of_incident(slot.id).prefix, slot.id, slot.fence, verdict.value, _ms(now), _ms(now + after), ref, version]
        args += ["1" if is_unknown else "0", reason[:300], _span(EDIT_SPACING), hush]
        return bool(await self._done.run(self._client, [self._key(slot.id)], args))

    async def throttle(self, chat: str, bot: str, now: datetime, pace: Pace, *, is_page: bool, is_picture: bool = False) -> timedelta:
        """Take one token of the chat and of the bot, or say how long to wait. The last 30 % of the bot's burst is for pages; a picture takes
        only what texts would leave unused, half of either burst.
        """
        args: list[Argument] = [_ms(now), _span(pace.chat_interval), pace.chat_burst, _span(pace.bot_interval), pace.bot_burst]
        args += ["1" if is_page else "0.5" if is_picture else "0.7", "0.5" if is_picture else "1"]
        # One tag for both keys: limits are shared by all replicas and never part of an incident's commit.
        waiting = await self._throttle.run(self._client, [rate(chat), rate(f"bot:{bot}")], args)
        return timedelta(milliseconds=int(waiting))

    async def cool(self, chat: str, until: datetime, now: datetime) -> None:
        """The far end asked for silence in this chat."""
        pause = max(1, _ms(until) - _ms(now))
        await ask(self._client.set(rate(chat) + ":cool", _ms(until), px=pause))

    async def adopt(self, incident_id: IncidentId, destination: str, ref: str) -> bool:
        """A press came from a signed message we do not know: a copy whose answer was lost. Later edits follow it too."""
        key = self._key(f"{incident_id}.incident.0.{destination}")
        known, copies, state = await ask(self._client.hmget(key, "ref", "copies", "st"))
        if state is None:
            return False
        refs = {r for r in (known or b"").decode().split(",") + (copies or b"").decode().split(",") if r}
        if ref not in refs:
            await ask(self._client.hset(key, "copies", ",".join(sorted((refs | {ref}) - {(known or b"").decode()}))))
        return True

    async def main_ref(self, incident_id: IncidentId, destination: str) -> str:
        """The living message's id in one destination, or empty."""
        return (await self.living(incident_id, destination))[0]

    async def hush(self, incident_id: IncidentId, destination: str) -> str:
        """Why the living message came to this destination without a sound; empty when it had one, or is not there. Raises StoreUnavailableError."""
        return (await ask(self._client.hget(self._key(f"{incident_id}.incident.0.{destination}"), "hush")) or b"").decode()

    async def living(self, incident_id: IncidentId, destination: str) -> tuple[str, bool]:
        """The living message's id in one destination, or empty; and whether it is still on its way: wanted, and neither sent nor given up."""
        ref, state = await ask(self._client.hmget(self._key(f"{incident_id}.incident.0.{destination}"), "ref", "st"))
        return (ref or b"").decode(), state in (b"new", b"leased", b"sending")

    async def moved(self, channel: str, old: str, new: str) -> None:
        """A chat has a new id; remembered for every slot that still holds the old one."""
        await ask(self._client.hset(self._partitions.first.of("moved"), f"{channel}:{old}", new))

    async def addresses_moved(self) -> dict[str, str]:
        """`channel:old chat` to new chat."""
        return {k.decode(): v.decode() for k, v in (await ask(self._client.hgetall(self._partitions.first.of("moved")))).items()}

    async def slots(self, incident_id: IncidentId) -> list[dict[str, str]]:
        """Where the incident's messages stand, for people."""
        mids = await ask(self._client.smembers(self._partitions.of_incident(incident_id).of("ms", incident_id)))
        out = []
        for mid in sorted(m.decode() for m in mids):
            fields = await ask(self._client.hgetall(self._key(mid)))
            if not fields:
                continue  # it is older than what is kept
            place = msgspec.json.decode(fields[b"dest"], type=Destination)
            out.append({"mid": mid, "to": place.name, "person": place.person, **{k.decode(): v.decode() for k, v in fields.items() if k != b"dest"}})
        return out

    async def depth(self) -> int:
        """Slots that wait."""
        return sum([int(await ask(self._client.zcard(at.of(f"due:{p}")))) for at in self._partitions for p in range(4)])

    async def revive(self, mid: str, now: datetime) -> bool:
        """Send a dead slot again, on a person's word."""
        key = self._key(mid)
        if await ask(self._client.hget(key, "st")) != b"dead":
            return False
        await ask(self._client.hset(key, mapping={"st": "new", "attempts": 0, "unknowns": 0, "first_due": _ms(now)}))
        prio = await ask(self._client.hget(key, "prio"))
        await ask(self._client.zadd(self._partitions.of_incident(mid).of(f"due:{prio.decode()}"), {mid: _ms(now)}))
        return True


def _slot(mid: str, flat: list[bytes]) -> Slot:
    m = {flat[i].decode(): flat[i + 1] for i in range(0, len(flat), 2)}
    return Slot(
        id=mid,
        incident_id=IncidentId(m["iid"].decode()),
        kind=Kind(m["kind"].decode()),
        priority=Priority(int(m["prio"])),
        destination=msgspec.json.decode(m["dest"], type=Destination),
        args=msgspec.json.decode(m["args"]),
        fence=int(m["fence"]),
        ref=m.get("ref", b"").decode(),
        copies=tuple(c for c in m.get("copies", b"").decode().split(",") if c),
        attempts=int(m["attempts"]),
        unknowns=int(m["unknowns"]),
        lost=int(m.get("lost", b"0")),
        first_due_ms=int(m["first_due"]),
        trace=m.get("trace", b"").decode(),
    )


def _span(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
