"""On a cluster, sends each alert where it lives: when changed rules move its group to another partition, a firing alert stays in its incident.

Called by `engine.admit` before admission. One partition needs none of it: there the index is part of the merge itself.
"""

from collections.abc import Sequence

from receiver.core.errors import StoreUnavailableError
from receiver.grouping import Piece
from receiver.store.homes import Homes
from receiver.store.incidents import MEMBER
from receiver.store.keys import Partition, Partitions
from receiver.telemetry.logs import get_logger

log = get_logger(__name__)


class Homing:
    """Sorts the pieces of webhooks by the partitions in which their alerts live."""

    def __init__(self, homes: Homes, partitions: Partitions) -> None:
        self._homes, self._partitions = homes, partitions

    async def sort(self, pieces: Sequence[Piece], *, is_afresh: bool = False) -> list[Piece]:
        """The same alerts; those that live in another partition than their group as pieces of their own. Alerts that this process has
        seen confirmed where their group lies are not asked about again, unless `is_afresh`.
        """
        asked = [piece for piece in pieces if is_afresh or piece.is_uncertain]
        if not asked:
            return list(pieces)
        firing: dict[str, Partition] = {}
        ended: dict[str, None] = {}
        for piece in asked:
            at = self._partitions.of_group(piece.group.key)
            for _, _, row, _, _ in piece.entries:
                if row[MEMBER] == "F":
                    firing[row[:MEMBER]] = at
                else:
                    ended[row[:MEMBER]] = None
        try:
            found = await self._homes.find(firing, ended.keys() - firing.keys())
        except StoreUnavailableError as fault:  # a master is gone: an incident too many is better than a webhook that must wait for it
            log.warning("homes of alerts unknown, each goes where its group is", error=str(fault), alerts=len(firing))
            return list(pieces)
        sorted_pieces = [part for piece in asked for part in self._parted(piece, found)]
        return [piece for piece in pieces if piece not in asked] + sorted_pieces

    def _parted(self, piece: Piece, found: dict[str, Partition]) -> list[Piece]:
        own = self._partitions.of_group(piece.group.key)
        homes = [found.get(row[:MEMBER], own) for _, _, row, _, _ in piece.entries]
        if all(home is own for home in homes):
            return [piece.part(piece.entries)]
        parts = []
        for home in dict.fromkeys(homes):
            entries = [entry for entry, at in zip(piece.entries, homes, strict=True) if at is home]
            parts.append(piece.part(entries, "" if home is own else self._partitions.key_in(home, piece.group.key)))
        return parts
