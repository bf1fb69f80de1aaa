"""The gate that every message to a candidate passes last: may it go now, later, or not without a person (design section 6, row D16)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mailbot.hiring.case import Intent
from mailbot.hiring.company import Limits

Verdict = Literal["send", "wait", "hold", "refuse"]

#: Why a machine may write to a candidate: rows of the decision table that allow an answer, and words of what is sent without a letter.
ANSWERABLE_RULES = frozenset({"D11", "D14", "D15", "reminder"})
#: What answers a staff member's message, so that a robot of theirs that sets no headers could keep it going without end.
ANSWERS_TO_STAFF = frozenset({"refused", "returned", "expired", "answered"})
#: What one staff member gets because of one application, as long as somebody writes.
TO_STAFF_OF_ONE = ANSWERS_TO_STAFF | {"notice"}
#: So many answers to staff, or relays, one address gets in an hour; a person sends fewer.
_ALIKE_AN_HOUR = 10
#: The same body from one address so often in an hour is a machine's (design section 6).
_SAME_AN_HOUR = 5
#: So many times the cap of an hour, decided in one hour, is no backlog that waits for its turn but something out of hand.
_STORM = 3
#: Up to so many tenths of our half of what the provider allows in 24 hours: letters that the machine writes to candidates by itself, all
#: else, and alarms. So the letters leave room for people, and everything leaves room to say that it waits.
_LETTERS, _ALL_ELSE, _ALARMS = 8, 9, 10
#: How the reason begins where a cap is reached.
_HAD = ("this address has had", "this application has had", "one of our people has had")
#: How the reason ends where two machines may be writing to each other; after a stop it is known by that.
_MACHINES = "machines may be talking"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many messages the machine has sent to candidates by itself so far, those on the wire included."""

    #: To this address, in the last 24 hours.
    address_last_day: int
    #: In this application, since a person last wrote in it.
    thread_since_person: int
    #: To this domain, in the last hour.
    domain_last_hour: int
    #: To all candidates, in the last hour.
    total_last_hour: int
    #: To this address and of this purpose, whoever decided them, in the last hour and in the last 24.
    alike_last_hour: int = 0
    alike_last_day: int = 0
    #: To this staff member because of this application, in the last 24 hours.
    case_last_day: int = 0


@dataclass(frozen=True, slots=True)
class Permission:
    """send: now. wait: ask again later, nothing else happens. hold: until a person decides. refuse: never."""

    verdict: Verdict
    because: str


def loop(same: int) -> str:
    """Given how often one address has sent the same body within an hour, return why the breaker must open; "" if it need not."""
    return f"one address has sent the same text {same} times in an hour, as a machine does" if same >= _SAME_AN_HOUR else ""


def storm(decided: int, limits: Limits) -> str:
    """Given how many messages to candidates the machine has decided on in an hour, return why the breaker must open, or ""."""
    cap = limits.total_per_hour
    return f"{decided} automatic messages were decided on in an hour, and {cap} may go out in one" if decided >= _STORM * cap else ""


def capped(because: str) -> bool:
    """Given why a message is held, say whether it is because of a cap, and not of the message itself."""
    return because.startswith(_HAD)


def between_machines(because: str) -> bool:
    """Given why a message is held, say whether it is because two machines may be writing to each other."""
    return because.endswith(_MACHINES)


def has_room(purpose: str, letter: bool, went: int, recipients: int, limits: Limits) -> bool:
    """Given what a message is for, whether it is an automatic letter to a candidate, how many have gone out in 24 hours and how many this
    would be, its copy included: does it stay within the half of the provider's allowance that mailbot keeps to?"""
    tenths = _ALARMS if purpose == "alarm" else _LETTERS if letter else _ALL_ELSE
    return went + recipients <= limits.provider_per_day // 2 * tenths // 10


def may_send(intent: Intent, counts: Counts, limits: Limits) -> Permission:
    """Given an intent and what has been sent before it, say whether it may go out now, and why.

    Only what the machine decided by itself and addresses to a candidate is ever stopped, and what two machines have begun to tell each
    other. A cap of N lets N messages through.
    """
    endless = _endless(intent.purpose, counts, limits)
    if endless:
        return Permission("hold", f"{endless}: {_MACHINES}")
    if intent.audience == "staff":
        return Permission("send", "it goes to staff")
    if not intent.automatic:
        return Permission("send", "a person ordered it")
    if intent.rule not in ANSWERABLE_RULES:
        return Permission("refuse", f"rule {intent.rule or '(none)'} does not let a machine write to a candidate")
    if counts.address_last_day >= limits.address_per_day:
        return Permission("hold", f"this address has had {counts.address_last_day} automatic messages in 24 hours")
    if counts.thread_since_person >= limits.thread_without_person:
        return Permission("hold", f"this application has had {counts.thread_since_person} automatic messages since a person wrote")
    domain = intent.to.rpartition("@")[2].casefold()
    public = domain in {name.casefold() for name in limits.public_domains}
    if not public and counts.domain_last_hour >= limits.domain_per_hour:
        return Permission("wait", f"this domain has had {counts.domain_last_hour} automatic messages in an hour")
    if counts.total_last_hour >= limits.total_per_hour:
        return Permission("wait", f"{counts.total_last_hour} automatic messages have gone out in an hour")
    return Permission("send", "no cap is reached")


def _endless(purpose: str, counts: Counts, limits: Limits) -> str:
    """What shows that two machines may have begun to tell each other something, through us; "" where nothing does."""
    if purpose in ANSWERS_TO_STAFF | {"relay"} and counts.alike_last_hour >= _ALIKE_AN_HOUR:
        return f"this address has had {counts.alike_last_hour} messages of this kind in an hour"
    if purpose == "relay" and counts.alike_last_day >= limits.relays_per_day:
        return f"this address has had {counts.alike_last_day} answers of people in 24 hours"
    if purpose in TO_STAFF_OF_ONE and counts.case_last_day >= limits.notices_per_day:
        return f"one of our people has had {counts.case_last_day} notices of one application in 24 hours"
    return ""
