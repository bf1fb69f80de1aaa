"""What was found out about one message before anything is decided: the facts that a decision rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mailbot.hiring.company import Position, Recruiter
from mailbot.hiring.kinds import Judgement
from mailbot.hiring.matching import Match
from mailbot.hiring.model import Answer, Language, Person, Reply


@dataclass(frozen=True, slots=True)
class StaffRoute:
    """On which way a staff member's message came, and what it answers (design section 6, "Staff mail counts")."""

    #: "sent": found in our own Sent; "notice": answers a notice by its token; "direct": authenticated, without a token.
    route: Literal["sent", "notice", "direct"]
    recruiter: Recruiter
    #: True where an answer to the notice no longer counts.
    expired: bool = False
    #: The text of the notice that is answered, "" without one.
    notice_text: str = ""
    #: The candidate's own words in that notice.
    candidate_words: str = ""
    #: Who answered the same notice before, and when.
    first: tuple[str, datetime] | None = None
    #: True where the notice asks what becomes of a held message; its answer is never relayed.
    asks_of_held: bool = False
    #: The id of that message's intent, "" if it is not held any more, or was held anew after the answer was written.
    held: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that `process.on_message` knows beyond the message itself."""

    arrived: datetime
    identity: str
    judgement: Judgement
    match: Match
    reply: Reply
    language: Language
    position: Position | None
    person: Person
    #: The public name that a new application would get.
    reference: str
    answers: tuple[Answer, ...] = ()
    asks_us: bool = False
    postpones: bool = False
    staff: StaffRoute | None = None
    #: For a first letter: when a person last wrote to its sender from our own mailbox, None if never.
    answered: datetime | None = None
    #: First seen more than 14 days after it arrived, or long after it was written: recorded and shown to a person, not answered.
    late: bool = False
    #: For a letter that a person has mailbot adopt: the moment of adopting, at which its reply clock starts.
    adopted: datetime | None = None
    #: False for one that is adopted without being answered: its sender hears nothing from the machine.
    answering: bool = True
    #: For a bounce: what the message that came back was for, "" if it is not known as ours.
    returned_purpose: str = ""
