"""Which rules cry wolf: drafts for customers that a rule asked for, and how many of them people judged not for customers. Pure.

Counted by `notice_engine` for the next card, and by `web.statistics`.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from receiver.core.notice_record import Cause, Cry, Notice, Stage

LOOKED_BACK = timedelta(days=30)


def count_cries(notices: Iterable[Notice]) -> tuple[Cry, ...]:
    """Every rule that asked for one of these notices, the one most often turned down first."""
    drafts: Counter[Cause] = Counter()
    why: dict[Cause, Counter[str]] = {}
    for notice in notices:
        for cause in notice.causes:
            drafts[cause] += 1
            if notice.stage is Stage.DISMISSED and notice.dismissal:
                why.setdefault(cause, Counter())[notice.dismissal.value] += 1
    found = (Cry(cause=cause, drafts=count, unwanted=why.get(cause, Counter()).total(), why=dict(why.get(cause, {}))) for cause, count in drafts.items())
    return tuple(sorted(found, key=lambda cry: (-cry.unwanted, -cry.drafts, cry.cause.alert, cry.cause.route)))
