"""What is asked of the outbox after every message, kept ready: thousands of entries are not looked through for it each time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from datetime import datetime

from mailbot.records.entry import Entry


class Tally:
    """Instants in ascending order, and which entries belong to a case."""

    def __init__(self) -> None:
        #: Each time that anything may have gone out to somebody.
        self._wire: list[datetime] = []
        #: When the machine decided on a message to a candidate; without those for letters that had come long before.
        self._decided: list[datetime] = []
        #: When what counts against the caps was committed: all of it, and by the hash of its domain.
        self._counted: list[datetime] = []
        self._domains: dict[str, list[datetime]] = {}
        self._addresses: dict[str, list[datetime]] = {}
        #: When what does not count was committed (to staff, or ordered by a person), by the hash of its address and its purpose.
        self._alike: dict[tuple[str, str], list[datetime]] = {}
        self._cases: dict[str, list[str]] = {}

    def take(self, entry: Entry, before: Entry | None) -> None:
        """Given an entry as it is now and as it was, None for a new one, count it as it is now."""
        if before:
            for instants, instant in self._places(before):
                del instants[bisect_left(instants, instant)]
        else:
            self._cases.setdefault(case_of(entry), []).append(entry.id)
        for instants, instant in self._places(entry):
            insort(instants, instant)

    def went_out(self, since: datetime) -> int:
        """Return to how many recipients anything may have gone out after that instant."""
        return _after(self._wire, since)

    def decided(self, since: datetime) -> int:
        """Return how many messages to candidates the machine decided on after that instant."""
        return _after(self._decided, since)

    def counted(self, since: datetime) -> int:
        """Return how much of what counts against the caps was committed after that instant."""
        return _after(self._counted, since)

    def counted_of_domain(self, domain_hash: str, since: datetime) -> int:
        """As `counted`, of one domain."""
        return _after(self._domains.get(domain_hash, []), since)

    def counted_of_address(self, address_hash: str, since: datetime) -> int:
        """As `counted`, of one address."""
        return _after(self._addresses.get(address_hash, []), since)

    def alike(self, entry: Entry, since: datetime) -> int:
        """Return how much of what does not count, with the address and the purpose of this entry, was committed after that instant."""
        return _after(self._alike.get((entry.address_hash, entry.purpose), []), since)

    def of_case(self, entry: Entry) -> tuple[str, ...]:
        """Return the ids of the entries of the same case, in the order of planning."""
        return tuple(self._cases.get(case_of(entry), ()))

    def _places(self, entry: Entry) -> list[tuple[list[datetime], datetime]]:
        """Where an entry is counted, and with which instants."""
        places = [(self._wire, at) for at in entry.times_on_wire()]
        if entry.automatic and entry.audience == "candidate" and not entry.belated:
            places.append((self._decided, entry.planned_at))
        if not entry.committed_at:
            return places
        if counts(entry):
            places.append((self._counted, entry.committed_at))
            places.append((self._domains.setdefault(entry.domain_hash, []), entry.committed_at))
            places.append((self._addresses.setdefault(entry.address_hash, []), entry.committed_at))
        else:
            places.append((self._alike.setdefault((entry.address_hash, entry.purpose), []), entry.committed_at))
        return places


def counts(entry: Entry) -> bool:
    """Whether an entry counts against the caps: the machine's own, to a candidate, and it may have gone out."""
    return entry.automatic and entry.audience == "candidate" and entry.committed_at is not None


def case_of(entry: Entry) -> str:
    """The case that an entry belongs to: the office of a month has parts, office/2026-11.0001."""
    return entry.reference.partition(".")[0]


def _after(instants: list[datetime], since: datetime) -> int:
    return len(instants) - bisect_right(instants, since)
