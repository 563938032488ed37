"""Who may not, and tries: counted per account and hour, and told to the admins once. Called by `chat.desk`."""

from receiver.engine import Engine
from receiver.store.intake import Intake

NOTICED = 3
ANSWERED = 3


class Refusals:
    """Either somebody is missing in people.yaml, or somebody tries doors."""

    def __init__(self, intake: Intake, engine: Engine) -> None:
        self._intake, self._engine = intake, engine

    async def count(self, via: str, user: str) -> bool:
        """One more; true while it is worth an answer. Raises StoreUnavailableError."""
        count = await self._intake.count_refusal(f"{via}:{user}")
        if count == NOTICED:
            await self._notice(via, user)
        return count <= ANSWERED

    async def _notice(self, via: str, user: str) -> None:
        english = f"{via} account {user} asked for what it may not, three times within an hour"
        russian = f"Аккаунт {via} {user} трижды за час попросил о том, на что у него нет права"
        annotations = {
            "summary": english,
            "summary_ru": russian,
            "description": "Who it is and what they may do: people.yaml",
            "description_ru": "Чей это аккаунт и что ему можно: people.yaml",
        }
        await self._engine.tell("RefusedPresses", {"account": user}, annotations)
