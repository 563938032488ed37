"""Subscribers as a place notices are published to: the seam between `workers.publisher` and `workers.mailing`."""

from receiver.channels.base import Evidence
from receiver.channels.notice_target import Outcome, Publication, Report
from receiver.core.errors import StoreUnavailableError
from receiver.workers.mailing import Mailing


class SubscriberTarget:
    """Every subscriber of one kind is a recipient; what was said can't be taken back, so a corrected word is told anew."""

    def __init__(self, mailing: Mailing) -> None:
        self._mailing = mailing

    async def post(self, publication: Publication) -> Report:
        """What is not out yet. A first attempt that finds words begun was ordered by a person, who knows that they may arrive twice."""
        try:
            tally = await self._mailing.send(
                publication.notice, publication.update, publication.key, language=publication.channel.language, again=not publication.is_retry
            )
        except StoreUnavailableError as fault:
            return Report(outcome=Outcome(evidence=Evidence.THROTTLED, reason=str(fault)))
        return Report(outcome=tally.outcome, total=tally.total, sent=tally.sent, failed=tally.failed, said=tally.said)

    async def head(self, publication: Publication) -> Report:
        """Words to subscribers stand alone."""
        return Report(outcome=Outcome(evidence=Evidence.OK))

    async def drift(self, publication: Publication) -> str | None:
        """Nothing can be read back."""
        return None

    async def close(self) -> None:
        """Nothing is held."""
