"""Two lists side by side: which items stay, which change, which move, which come and which go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

T = TypeVar("T")
_Places: TypeAlias = list[tuple[int, int]]

_REACH = 4  # items that stay, at most, between where a moved item was and where it is


@dataclass(frozen=True)
class Pair(Generic[T]):
    """An item before and after; None where it is missing. ``moved``: it has passed others."""

    before: T | None
    after: T | None
    moved: bool = False


class Alignment(Generic[T]):
    """Two lists and the pairing of their items with the least total cost.

    ``weight`` is what an item costs that comes or goes. ``cost`` is symmetric: 0 for equals, less than both weights
    together for a change of one into the other, None where that makes no sense. Of equally good pairings one is taken
    that pairs early, and the same one whichever list comes first.
    """

    def __init__(
        self,
        before: Sequence[T],
        after: Sequence[T],
        weight: Callable[[T], float],
        cost: Callable[[T, T], float | None],
    ) -> None:
        self.before, self.after, self.weight, self.cost = before, after, weight, cost
        self.kept: _Places
        self.moves: _Places
        if list(map(repr, after)) < list(map(repr, before)):
            mirrored = Alignment(after, before, weight, cost)
            self.kept, self.moves = _swap(mirrored.kept), _swap(mirrored.moves)
        else:
            self.kept = self._find_kept()
            self.moves = self._find_moves()

    def pairs(self) -> list[Pair[T]]:
        """Return every item of both lists once, in order: what went before what came, what moved where it is now."""
        origins = {j: i for i, j in self.moves}
        gone = [i for i in self._others(0) if i not in origins.values()]
        came = [(j, self.before[origins[j]] if j in origins else None) for j in self._others(1)]
        pairs: list[Pair[T]] = []
        for rank, kept in enumerate([*self.kept, None]):
            pairs += [Pair(self.before[i], None) for i in gone if self._rank(i, 0) == rank]
            pairs += [Pair(old, self.after[j], moved=j in origins) for j, old in came if self._rank(j, 1) == rank]
            if kept:
                pairs.append(Pair(self.before[kept[0]], self.after[kept[1]]))
        return pairs

    def _others(self, side: int) -> list[int]:
        """Return the places in one list of what did not stay."""
        kept = {places[side] for places in self.kept}
        return [place for place in range(len((self.before, self.after)[side])) if place not in kept]

    def _rank(self, place: int, side: int) -> int:
        """Return how many items that stay come before a place of one list."""
        return sum(places[side] < place for places in self.kept)

    def _find_kept(self) -> _Places:
        """Return the places of what keeps its order, by dynamic programming (Needleman and Wunsch, 1970)."""
        rows, columns = len(self.before), len(self.after)
        costs = [[self.cost(a, b) for b in self.after] for a in self.before]
        going, coming = [self.weight(a) for a in self.before], [self.weight(b) for b in self.after]
        total = [[sum(going[i:]) + sum(coming[j:]) for j in range(columns + 1)] for i in range(rows + 1)]
        for i in reversed(range(rows)):
            for j in reversed(range(columns)):
                change, apart = costs[i][j], min(going[i] + total[i + 1][j], coming[j] + total[i][j + 1])
                total[i][j] = apart if change is None else min(apart, change + total[i + 1][j + 1])
        kept: _Places = []
        i = j = 0
        while i < rows and j < columns:
            change = costs[i][j]
            if change is not None and total[i][j] == change + total[i + 1][j + 1]:
                kept.append((i, j))
                i, j = i + 1, j + 1
            elif going[i] + total[i + 1][j] <= coming[j] + total[i][j + 1]:
                i += 1
            else:
                j += 1
        return kept

    def _find_moves(self) -> _Places:
        """Return the places of what did not stay and is found again nearby, the nearest and likest first."""
        candidates = []
        for i in self._others(0):
            for j in self._others(1):
                change, distance = self.cost(self.before[i], self.after[j]), abs(self._rank(i, 0) - self._rank(j, 1))
                if change is not None and distance <= _REACH:
                    candidates.append((distance, change, i, j))
        moves: _Places = []
        for *_, i, j in sorted(candidates):
            if all(i != before and j != after for before, after in moves):
                moves.append((i, j))
        return moves


def _swap(places: Iterable[tuple[int, int]]) -> _Places:
    return [(j, i) for i, j in places]
