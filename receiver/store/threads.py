"""Which forum topic belongs to an incident in a chat, and which chats take none. Written and read by `channels.forum`."""

from datetime import datetime, timedelta

from redis.asyncio import Redis

from receiver.core.incident import IncidentId
from receiver.store.answer import ask
from receiver.store.keys import CHAT_PLAIN, Partitions

KEPT = timedelta(days=40)  # longer than an incident that is over can be seen
PLAIN = timedelta(hours=1)
_CLAIM = "?"


class Threads:
    """One hash per incident: chat to topic, and chat to whether the topic is closed."""

    def __init__(self, client: Redis, partitions: Partitions) -> None:
        self._client, self._partitions = client, partitions

    async def find(self, incident_id: IncidentId, chat: str) -> str:
        """The topic's number, empty where there is none, `?` and an instant in ms while one is made. Raises StoreUnavailableError, as all of these do."""
        return await self._get(incident_id, chat)

    async def claim(self, incident_id: IncidentId, chat: str, now: datetime) -> bool:
        """True for the one who may make the topic; nobody else does until that is settled."""
        key = self._key(incident_id)
        is_first = bool(await ask(self._client.hsetnx(key, chat, f"{_CLAIM}{int(now.timestamp() * 1000)}")))
        await ask(self._client.expire(key, int(KEPT.total_seconds())))
        return is_first

    async def settle(self, incident_id: IncidentId, chat: str, topic: str) -> None:
        """The topic's number, or `general`; empty forgets it, and the next message makes a new one."""
        key = self._key(incident_id)
        if topic:
            await ask(self._client.hset(key, chat, topic))
        else:
            await ask(self._client.hdel(key, chat, f"{chat}:closed"))

    async def is_closed(self, incident_id: IncidentId, chat: str) -> bool:
        """True when we closed it last."""
        return await self._get(incident_id, f"{chat}:closed") == "1"

    async def note_closed(self, incident_id: IncidentId, chat: str, *, is_closed: bool) -> None:
        """What was done to it last."""
        await ask(self._client.hset(self._key(incident_id), f"{chat}:closed", "1" if is_closed else "0"))

    async def is_plain(self, chat: str) -> bool:
        """True for an hour after this chat refused a topic."""
        return bool(await ask(self._client.exists(CHAT_PLAIN + chat)))

    async def note_plain(self, chat: str) -> bool:
        """This chat takes no topics; True for the first who finds that out."""
        return bool(await ask(self._client.set(CHAT_PLAIN + chat, "", nx=True, px=int(PLAIN.total_seconds() * 1000))))

    async def _get(self, incident_id: IncidentId, field: str) -> str:
        found = await ask(self._client.hget(self._key(incident_id), field))
        return found.decode() if found else ""

    def _key(self, incident_id: IncidentId) -> str:
        return self._partitions.of_incident(incident_id).of("topics", incident_id)
