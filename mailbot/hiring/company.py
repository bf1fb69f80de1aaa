"""What the configuration says of the company: office, positions, staff, rules. Pure values, built by `config`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time

from mailbot.hiring.model import Language
from mailbot.hiring.stages import Stage


@dataclass(frozen=True, slots=True)
class Office:
    """Where and when people work. `timezone` is an IANA name; `country` an ISO 3166 code that `holidays` knows."""

    country: str
    timezone: str
    opens: time
    closes: time
    extra_days_off: tuple[date, ...] = ()
    extra_working_days: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    id: str
    text: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Assignment:
    """The test assignment of a position: a text for the letter, and the absolute path of the file attached ("" for none)."""

    text: str
    file: str


@dataclass(frozen=True, slots=True)
class Position:
    id: str
    title: str
    #: Words or phrases that name the position in a letter, any case.
    keywords: tuple[str, ...]
    questions: tuple[Question, ...]
    assignment: Assignment


@dataclass(frozen=True, slots=True)
class Recruiter:
    name: str
    address: str
    #: Ids of positions, or "*" for all.
    positions: tuple[str, ...] = ("*",)
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """The caps of design section 6; bytes, and numbers of messages."""

    message_bytes: int
    attachment_bytes: int
    address_per_day: int
    thread_without_person: int
    domain_per_hour: int
    total_per_hour: int
    public_domains: tuple[str, ...]
    relays_per_day: int = 20
    notices_per_day: int = 40
    provider_per_day: int = 500


@dataclass(frozen=True, slots=True)
class Company:
    """Everything a decision needs to know of the company."""

    name: str
    language: Language
    signature: str
    privacy_url: str
    #: The address that candidates write to and that every message comes from.
    job: str
    #: n@: where a candidate's letter goes when no person has answered it in time.
    escalation: str
    aliases: tuple[str, ...]
    office: Office
    positions: tuple[Position, ...]
    recruiters: tuple[Recruiter, ...]
    stages: tuple[Stage, ...]
    limits: Limits
    reply_within_working_days: int = 3
    hint_after_working_days: int = 2
    digest: bool = True
    relay_delay_minutes: int = 0

    @property
    def own_addresses(self) -> frozenset[str]:
        """job@ and its aliases: what only mailbot and the shared mailbox write from."""
        return frozenset((self.job, *self.aliases))

    @property
    def staff_addresses(self) -> frozenset[str]:
        """The recruiters and n@."""
        return frozenset((*(recruiter.address for recruiter in self.recruiters), self.escalation))

    @property
    def n(self) -> Recruiter:
        """Who reads at n@."""
        return next((r for r in self.recruiters if r.address == self.escalation), Recruiter(name="", address=self.escalation))

    def position(self, id: str) -> Position | None:
        return next((position for position in self.positions if position.id == id), None)

    def recruiters_for(self, position: str) -> tuple[Recruiter, ...]:
        """Who answers for a position; everybody while the position is not known, and n@ if nobody is listed for it."""
        found = tuple(r for r in self.recruiters if not position or "*" in r.positions or position in r.positions)
        return found or (self.n,)

    def staff(self, address: str) -> Recruiter | None:
        """The staff member with this address (n@ counts as one), or None."""
        return next((reader for reader in (*self.recruiters, self.n) if reader.address == address), None)
