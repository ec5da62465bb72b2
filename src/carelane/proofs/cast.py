"""The players of one recording: one for each subject that was one then; a merge makes two of them one."""

from dataclasses import dataclass, field
from uuid import UUID

from carelane.proofs.events import History, Merge
from carelane.proofs.joined import joined
from carelane.proofs.player import Player, Turn, player
from carelane.proofs.recorded import World


@dataclass(slots=True, kw_only=True)
class Cast:
    """A history's subjects as decided so far, in one world."""

    history: History
    organisation: UUID
    world: World
    _players: dict[UUID, Player] = field(default_factory=dict)
    _merged: int = 0

    def of(self, turn: Turn) -> Player:
        """Who hears this turn, once every merge before it has been carried out."""
        merges = self.history.merges
        while self._merged < len(merges) and merges[self._merged].order < turn.ended.order:
            self._merge(merges[self._merged])
            self._merged += 1
        return self._player(turn.fact.subject)

    def _player(self, subject: UUID) -> Player:
        if subject not in self._players:
            self._players[subject] = player(self.history, self.organisation, self.world, subject)
        return self._players[subject]

    def _merge(self, merge: Merge) -> None:
        survivor, retired = self._player(merge.survivor), self._player(merge.retired)
        survivor.view = joined(survivor.view, retired.view)
        del self._players[merge.retired]
