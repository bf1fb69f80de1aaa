"""The letters of the process as values: which template, to whom, with which facts. Nothing is rendered here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from mailbot.hiring.actions import AutoSubmitted, Fact, Send
from mailbot.hiring.company import Recruiter
from mailbot.hiring.model import Address, Application, AskedQuestion, Attachment
from mailbot.hiring.moment import Moment
from mailbot.hiring.person import spoken_name
from mailbot.hiring.relay import WRITE_ABOVE
from mailbot.hiring.stages import stage

#: What mailbot starts by itself goes to staff in office hours only (design section 5).
OFFICE_HOURS = frozenset({"notice", "hint", "escalation", "escalations", "digest", "office_notice", "undelivered", "held"})
#: What is not sent before INBOX and Sent have been read to the end (design section 5).
AFTER_READING = frozenset({"hint", "escalation", "escalations", "digest", "reminder"})
#: Staff can act by answering these: their Message-ID is a token.
ANSWERABLE = frozenset({"notice", "hint", "escalation", "expired", "held"})
#: Attachments that may be passed on to staff.
_PASSED_ON = frozenset({"text", "no_text"})
#: The facts of an application, for a message that belongs to none.
NO_CASE: Mapping[str, Fact] = {"reference": "", "position": "", "stage": "", "candidate": {"name": "", "addresses": ()}}


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as a notice shows it."""

    sender: Address | None
    subject: str
    text: str
    at: datetime
    attachments: tuple[Attachment, ...] = ()

    def facts(self) -> Mapping[str, Fact]:
        return {
            "from": {"name": self.sender.name if self.sender else "", "address": self.sender.address if self.sender else ""},
            "subject": self.subject,
            "text": self.text,
            "at": self.at,
            "attachments": tuple(
                {"name": a.name, "type": a.type, "size": len(a.content), "verdict": a.verdict, "because": a.because}
                for a in self.attachments
            ),
        }


def office_facts(moment: Moment) -> dict[str, Fact]:
    """The facts that every template may use."""
    company = moment.company
    return {
        "company": {"name": company.name, "signature": company.signature, "privacy_url": company.privacy_url, "job": company.job},
        "office": {"opens": company.office.opens, "closes": company.office.closes},
    }


def case_facts(moment: Moment, application: Application) -> dict[str, Fact]:
    """The facts of one application that every template about it may use."""
    position = moment.company.position(application.position)
    return office_facts(moment) | {
        "reference": application.reference,
        "position": position.title if position else "",
        "stage": stage(moment.company.stages, application.stage).title,
        "candidate": {"name": application.name, "addresses": application.addresses},
    }


def numbered(questions: Sequence[AskedQuestion], state: str = "") -> tuple[Mapping[str, Fact], ...]:
    """The questions with the numbers they were asked under; only those in `state`, where one is given."""
    return tuple(
        {
            "number": number,
            "text": question.text,
            "question": question.text,
            "required": question.required,
            "answer": question.answer,
            "state": question.state,
        }
        for number, question in enumerate(questions, start=1)
        if not state or question.state == state
    )


def to_candidate(
    moment: Moment,
    application: Application,
    template: str,
    cause: str,
    facts: Mapping[str, Fact],
    *,
    files: tuple[str, ...] = (),
    automatic: bool = True,
    auto_submitted: AutoSubmitted = "auto-replied",
) -> Send:
    """One message to the candidate's latest address, in the candidate's own thread."""
    return Send(
        purpose=template,
        audience="candidate",
        to=application.addresses[-1],
        template=template,
        language=application.language,
        facts=case_facts(moment, replace(application, name=spoken_name(application.name))) | dict(facts),
        cause=cause,
        auto_submitted=auto_submitted,
        thread=application.thread,
        subject=application.subject,
        files=files,
        automatic=automatic,
    )


def received(moment: Moment, application: Application, cause: str, what: str) -> Send:
    """The acknowledgement with its dated promise; it never changes who is waited for."""
    return to_candidate(moment, application, "received", cause, {"what": what, "promise": promise(moment, application)})


def promise(moment: Moment, application: Application) -> date | None:
    """The day by which a person answers: the day of `due`, in office time; None once that has passed, as for a letter of long ago."""
    return moment.worktime.local(application.due).date() if application.due and application.due > moment.now else None


def to_staff(
    moment: Moment,
    recruiter: Recruiter,
    purpose: str,
    cause: str,
    facts: Mapping[str, Fact],
    *,
    thread: tuple[str, ...] = (),
    attachments: Sequence[Attachment] = (),
    auto_submitted: AutoSubmitted = "auto-generated",
) -> Send:
    """One message to one staff member; attachments that are not safe, or too large together, are only named."""
    safe = tuple(a for a in attachments if a.verdict in _PASSED_ON)
    fitting = safe if sum(len(a.content) for a in safe) <= moment.company.limits.attachment_bytes else ()
    return Send(
        purpose=purpose,
        audience="staff",
        to=recruiter.address,
        template=purpose,
        language=moment.company.language,
        facts=office_facts(moment)
        | {"recruiter": {"name": recruiter.name}, "line": WRITE_ABOVE[moment.company.language], "because": ""}
        | dict(facts),
        cause=cause,
        auto_submitted=auto_submitted,
        thread=thread,
        attachments=fitting,
        answerable=purpose in ANSWERABLE,
    )


def about_case(
    moment: Moment,
    application: Application,
    letter: Letter | None,
    because: str,
    **more: Fact,
) -> dict[str, Fact]:
    """The facts of a notice, hint or escalation about one application."""
    return case_facts(moment, application) | {
        "because": because,
        "due": application.due if application.waits_for == "staff" else None,
        "since": application.since,
        "waited_hours": round(moment.worktime.working_hours(application.since, moment.now)) if application.since else 0,
        "letter": letter.facts() if letter else None,
        "answers": numbered(application.questions),
        "new": False,
        "waits": application.waits_for == "staff",
        "unconfirmed": False,
        **more,
    }


def notices(
    moment: Moment,
    application: Application,
    letter: Letter,
    cause: str,
    because: str,
    **more: Fact,
) -> tuple[Send, ...]:
    """A notice about the candidate's letter for each recruiter of the position."""
    facts = about_case(moment, application, letter, because, **more)
    return tuple(
        to_staff(moment, recruiter, "notice", cause, facts, attachments=letter.attachments)
        for recruiter in moment.company.recruiters_for(application.position)
    )
