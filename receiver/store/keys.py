"""Every key name in one place. All keys of a partition carry its hash tag, so one script touches one slot."""

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
        """A key of this partition: `open`, `ix`, `wake`, `dlq`, `inc:<id>`, `al:<id>`, `pl:<id>`, `tl:<id>`, `msg:<mid>`."""
        return self.prefix + ":".join(parts)


META = "{meta}:receiver"  # cluster id, schema, partitions, incident counter
RECORDER = "{rec}:raw"
TELEGRAM_IN = "{tg}:in"
TELEGRAM_POLLER = "{tg}:poller"
TELEGRAM_OFFSET = "{tg}:offset"
TELEGRAM_SEEN = "{tg}:seen"  # and the update id
TELEGRAM_REFUSED = "{tg}:refused"  # and the presser
SAID = "{tg}:said:"  # and what was said
SAID_TRIES = "{tg}:tries:"
AUDIT = "{audit}:log"
AUDIT_SEEN = "{audit}:seen:"  # and the action's identity
ACCOUNTS = "{people}:accounts"
ACCOUNT_CODE = "{people}:code:"  # and the code's digest
ACCOUNT_GUESSES = "{people}:guesses:"  # and the account
RULES = "{rules}:"  # which replica runs which rules, and what the product said about it; a tag of its own


def rate(chat: str) -> str:
    """GCRA state of one chat; a tag of its own, never part of an incident's commit."""
    return "{rl}:" + chat  # one tag: a chat and its bot are asked in one script


NOTICE = "{notice}:"  # one tag for notices and their public projection; `{notice}:public:*` is all that the public side may read
