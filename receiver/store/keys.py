"""Every key name in one place. All keys of a partition carry its hash tag, so one script touches one slot."""

import itertools
import zlib
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Partition:
    """Key names of one partition; `prefix` is what scripts build the rest from (same slot by construction)."""

    number: int = 0

    @property
    def prefix(self) -> str:
        """For example `{p00}:`."""
        return f"{{p{self.number:02d}}}:"

    def of(self, *parts: str) -> str:
        """A key of this partition: `open`, `ix`, `wake`, `dlq`, `inc:<id>`, `al:<id>`, `pl:<id>`, `tl:<id>`, `msg:<mid>`, `at:<service>`, `flood:<source>`, `audited`, `trail:<group>`, `began:<group>`."""
        return self.prefix + ":".join(parts)


class Partitions:
    """All partitions of one store. Their number is fixed at the store's first start: it says where everything lies."""

    def __init__(self, count: int = 1) -> None:
        self._all = tuple(Partition(number) for number in range(count))

    def __iter__(self) -> Iterator[Partition]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def from_turn(self, turn: int) -> tuple[Partition, ...]:
        """All of them, beginning with another one every turn."""
        at = turn % len(self._all)
        return (*self._all[at:], *self._all[:at])

    @property
    def first(self) -> Partition:
        """Where lies what belongs to no incident."""
        return self._all[0]

    def of_group(self, group_key: str) -> Partition:
        """Where this group's incidents lie: by hash."""
        return self._all[zlib.crc32(group_key.encode()) % len(self._all)] if len(self._all) > 1 else self._all[0]

    def beside(self, group_key: str, name: str) -> str:
        """A group key made of this name that lies where that group does."""
        return self.key_in(self.of_group(group_key), name)

    def key_in(self, place: Partition, name: str) -> str:
        """A group key made of this name that lies there."""
        return next(key for key in itertools.chain([name], (f"{name}:{n}" for n in itertools.count(1))) if self.of_group(key) is place)

    def numbered(self, number: int) -> Partition:
        """The partition of this number; counted round where there is none of it."""
        return self._all[number % len(self._all)]

    def of_incident(self, incident_id: str) -> Partition:
        """Where an incident, or a message of it, lies: `INC-n` by n, ids are given out so that its group lies there too."""
        number = incident_id.removeprefix("INC-").partition(".")[0]
        return self._all[int(number) % len(self._all)] if len(self._all) > 1 and number.isascii() and number.isdigit() else self._all[0]


META = "{meta}:receiver"  # cluster id, schema, partitions, incident counter
RECORDER = "{rec}:raw"
TELEGRAM_IN = "{tg}:in"
TELEGRAM_POLLER = "{tg}:poller"
TELEGRAM_OFFSET = "{tg}:offset"
TELEGRAM_SEEN = "{tg}:seen"  # and the update id
TELEGRAM_REFUSED = "{tg}:refused"  # and the presser
SAID = "{tg}:said:"  # and what was said
SAID_TRIES = "{tg}:tries:"
TOKENS = "{api}:tokens"
TOKENS_USED = "{api}:tokens:used"
AUDIT = "{audit}:log"
AUDIT_HEAD = "{audit}:head"  # the newest line's link
AUDIT_SEEN = "{audit}:seen:"  # and the action's identity
CHAT_PLAIN = "{tg}:plain:"  # and a chat that takes no topics
DRAFT = "{tg}:draft:"  # and its id
GAPS = "{amend}:gaps"
SILENCES = "{amend}:silences"
AMENDMENTS = "{amend}:items"
AMENDED = "{amend}:version"
ACCOUNTS = "{people}:accounts"
ACCOUNT_CODE = "{people}:code:"  # and the code's digest
ACCOUNT_GUESSES = "{people}:guesses:"  # and the account
REACH = "{reach}:"  # what can't be reached, and since when
RULES = "{rules}:"  # which replica runs which rules, and what the product said about it; a tag of its own


def rate(chat: str) -> str:
    """GCRA state of one chat; a tag of its own, never part of an incident's commit."""
    return "{rl}:" + chat  # one tag: a chat and its bot are asked in one script


def home(member: str) -> str:
    """Which partition an alert lives in; a tag of its own, for it must be found whatever the rules say."""
    return "home:{" + member + "}"


NOTICE = "{notice}:"  # one tag for notices and their public projection; `{notice}:public:*` is all that the public side may read
