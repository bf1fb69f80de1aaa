"""One outgoing message and what is known of its fate: the states, and what may happen in which."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from mailbot.hiring.model import Audience

State = Literal["planned", "committed", "sent", "retry", "failed", "unknown", "held", "dropped"]
Happening = Literal["attempt", "commit", "sent", "retry", "failed", "unknown", "held", "dropped", "resend", "put off"]

_NOT_SENT: frozenset[State] = frozenset({"planned", "retry", "unknown", "held"})
#: In which states what may happen. "sent" may still turn out "failed": a bounce came back.
ALLOWED: dict[str, frozenset[State]] = {
    "attempt": _NOT_SENT,
    "commit": _NOT_SENT,
    "sent": frozenset({"committed", "unknown", "held"}),
    "retry": _NOT_SENT | {"committed"},
    "failed": _NOT_SENT | {"committed", "sent"},
    "unknown": frozenset({"committed", "unknown"}),
    "held": _NOT_SENT | {"committed"},
    "dropped": _NOT_SENT | {"failed"},
    "resend": _NOT_SENT | {"failed"},
    "put off": _NOT_SENT,
}
STATE_AFTER: dict[str, State] = {
    "commit": "committed",
    "sent": "sent",
    "retry": "retry",
    "failed": "failed",
    "unknown": "unknown",
    "held": "held",
    "dropped": "dropped",
    "resend": "planned",
}
_DAY = timedelta(days=1)


#: No pause between two tries, or two looks, is as long; nothing is planned further ahead.
_LONGEST_PAUSE, _FURTHEST = timedelta(hours=2), timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Entry:
    """One outgoing message and what is known of its fate. No personal data: addresses and domains are keyed hashes."""

    id: str
    reference: str
    purpose: str
    audience: Audience
    #: Only what the machine decided by itself counts against the caps.
    automatic: bool
    message_id: str
    address_hash: str
    domain_hash: str
    planned_at: datetime
    #: When the state was reached.
    at: datetime
    not_before: datetime | None = None
    #: Held until INBOX and Sent have been read to the end.
    waits_for_reading: bool = False
    state: State = "planned"
    attempts: int = 0
    #: How often nobody knew what had become of it.
    doubts: int = 0
    #: When to try again (retry), or to look for it again (unknown); None: at once.
    next: datetime | None = None
    reason: str = ""
    #: When it was committed to the wire and not certainly refused since; this is what the caps count.
    committed_at: datetime | None = None
    #: True once it stands in the Sent folder.
    filed: bool = False
    #: Decided on for a letter that had come long before: a backlog is no storm.
    belated: bool = False
    #: Each time within a day of `committed_at` that it may have gone out to somebody, the witness's copy too: what a provider counts.
    on_wire: tuple[datetime, ...] = ()

    def set_right(self, now: datetime) -> Entry:
        """Return the entry as it is once the clock stands at `now`, where it was written by one that was far ahead."""
        return replace(
            self,
            planned_at=min(self.planned_at, now),
            at=min(self.at, now),
            committed_at=min(self.committed_at, now) if self.committed_at else None,
            next=now if self.next and self.next - now > _LONGEST_PAUSE else self.next,
            not_before=now if self.not_before and self.not_before - now > _FURTHEST else self.not_before,
        )

    def due(self, now: datetime) -> bool:
        """Is it time to send it, or (unknown) to look for it?"""
        if self.state not in {"planned", "retry", "unknown"}:
            return False
        return all(instant is None or instant <= now for instant in (self.not_before, self.next))

    def times_on_wire(self) -> tuple[datetime, ...]:
        """Return each time that it may have gone out to somebody."""
        # An older mailbot wrote down the last time alone.
        return self.on_wire or ((self.committed_at,) if self.committed_at else ())

    def after(self, happening: str, at: datetime, reason: str, upcoming: datetime | None, recipients: int = 1) -> Entry:
        """Return the entry after what happened to it, `recipients` if it was a commit. Raise ValueError for what can not happen."""
        if self.state not in ALLOWED.get(happening, frozenset()):
            raise ValueError(f'"{happening}" can not happen to a message that is {self.state}')
        if happening == "attempt":
            return replace(self, attempts=self.attempts + 1)
        if happening == "put off":
            # Not the message's fault: it is as if it had not been tried.
            return replace(self, attempts=max(0, self.attempts - 1))
        entry, committed_at = self, self.committed_at
        if happening == "commit":
            committed_at = at
            lately = tuple(earlier for earlier in self.on_wire if earlier > at - _DAY)
            entry = replace(self, on_wire=(*lately, *[at] * recipients))
        elif happening in ("retry", "failed") and self.state == "committed":
            # The server refused it, so it has not gone out.
            committed_at = None
            entry = replace(self, on_wire=tuple(earlier for earlier in self.on_wire if earlier != self.committed_at))
        elif happening == "retry":
            # What is of unknown fate may go out once more.
            committed_at = None
        elif happening == "resend":
            # A person has ordered it now, so it waits for nothing and counts against no cap.
            entry = replace(self, automatic=False, not_before=None, waits_for_reading=False)
        elif happening == "unknown" and self.state == "committed":
            entry = replace(self, doubts=self.doubts + 1)
        return replace(entry, state=STATE_AFTER[happening], at=at, reason=reason, next=upcoming, committed_at=committed_at)
