"""Where in a journal the first and the last word on a number stand: in 16 bytes a number, because it stays in memory for months."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

#: So many numbers wait in a dict (1 MB) before they are sorted in.
_RECENT = 4096


class Places:
    """A map from a number (below 2**64) to the first and the last of its places, which are added in ascending order."""

    def __init__(self) -> None:
        # Sorted by number, then by place; a number stands there once for every time it was sorted in.
        self._numbers = array("Q")
        self._places = array("Q")
        #: number -> (first, last) of what is not sorted in yet.
        self._recent: dict[int, tuple[int, int]] = {}

    def add(self, number: int, place: int) -> None:
        """Add a place of a number, behind all that were added before."""
        first, _ = self._recent.get(number, (place, place))
        self._recent[number] = (first, place)
        # Twice as many each time, so that reading a whole ledger sorts only now and then.
        if len(self._recent) >= _RECENT + len(self._numbers):
            self.sort_in()

    def first(self, number: int) -> int | None:
        """Return the first place of a number, None for an unknown one."""
        at = bisect_left(self._numbers, number)
        if at < len(self._numbers) and self._numbers[at] == number:
            return self._places[at]
        recent = self._recent.get(number)
        return recent[0] if recent else None

    def last(self, number: int) -> int | None:
        """Return the last place of a number, None for an unknown one."""
        recent = self._recent.get(number)
        if recent:
            return recent[1]
        at = bisect_right(self._numbers, number)
        return self._places[at - 1] if at and self._numbers[at - 1] == number else None

    def sort_in(self) -> None:
        """Put what was added lately into its compact form; nothing else changes."""
        numbers, places = list(self._numbers), list(self._places)
        for number, (first, last) in self._recent.items():
            for place in (first,) if first == last else (first, last):
                numbers.append(number)
                places.append(place)
        # Sorting is stable, so the places of one number stay in their order.
        order = sorted(range(len(numbers)), key=numbers.__getitem__)
        self._numbers = array("Q", (numbers[at] for at in order))
        self._places = array("Q", (places[at] for at in order))
        self._recent = {}

    def __contains__(self, number: int) -> bool:
        return self.first(number) is not None

    def __iter__(self) -> Iterator[int]:
        """Yield the numbers, in no order, some of them again."""
        yield from self._numbers
        yield from self._recent

    def __len__(self) -> int:
        """How many numbers there are, or somewhat more."""
        return len(self._numbers) + len(self._recent)
