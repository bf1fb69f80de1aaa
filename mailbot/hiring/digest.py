"""The morning digest: what is still open, what fell silent, and how many machines wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from mailbot.hiring.actions import Fact, Send
from mailbot.hiring.letters import office_facts, to_staff
from mailbot.hiring.moment import Moment
from mailbot.hiring.stages import stage


@dataclass(frozen=True, slots=True)
class OpenCase:
    """An application as a line of the digest."""

    reference: str
    position: str
    stage: str
    name: str
    since: datetime | None
    due: datetime | None
    escalated: bool
    silent: bool


def morning_digest(cases: Sequence[OpenCase], machines: int, moment: Moment, day: date, junk: int = 0) -> tuple[Send, ...]:
    """Given the open and the newly silent cases and the numbers of machines' letters and of junk since the last one, return
    one digest for n@ and one for each recruiter; who has nothing to read gets none.
    """
    overdue = [case for case in cases if case.escalated]
    silent = [case for case in cases if case.silent]
    sends = []
    for reader in (moment.company.n, *moment.company.recruiters):
        mine = [case for case in overdue if _reads(moment, reader.address, case)]
        quiet = [case for case in silent if reader.address != moment.company.escalation and _reads(moment, reader.address, case)]
        if not mine and not quiet and (not (machines or junk) or reader.address == moment.company.escalation):
            continue
        facts: dict[str, Fact] = office_facts(moment) | {
            "cases": tuple(_line(moment, case) for case in mine),
            "silent": tuple(_line(moment, case) for case in quiet),
            "unanswered_machines": machines,
            "junk": junk,
            "day": day,
        }
        sends.append(to_staff(moment, reader, "digest", f"digest/{day.isoformat()}", facts))
    return tuple(sends)


def _reads(moment: Moment, address: str, case: OpenCase) -> bool:
    if address == moment.company.escalation:
        return True
    return any(recruiter.address == address for recruiter in moment.company.recruiters_for(case.position))


def _line(moment: Moment, case: OpenCase) -> dict[str, Fact]:
    position = moment.company.position(case.position)
    names = [recruiter.name or recruiter.address for recruiter in moment.company.recruiters_for(case.position)]
    return {
        "reference": case.reference,
        "position": position.title if position else "",
        "stage": stage(moment.company.stages, case.stage).title,
        "name": case.name,
        "since": case.since,
        "due": case.due,
        "recruiter": ", ".join(names),
    }
