"""The company, the letters and the moments that tests of the process decide about: each with defaults, each changed by name."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from mailbot.hiring.actions import Decision, Relay, Send
from mailbot.hiring.company import Assignment, Company, Limits, Office, Position, Question, Recruiter
from mailbot.hiring.facts import Facts, StaffRoute
from mailbot.hiring.kinds import Judgement
from mailbot.hiring.letters import Letter
from mailbot.hiring.matching import Match
from mailbot.hiring.model import Address, Answer, Application, AskedQuestion, Message, Person, Reply, Unanswered
from mailbot.hiring.moment import Moment
from mailbot.hiring.stages import Stage
from mailbot.hiring.steps import enter
from mailbot.hiring.waiting import wait_for_staff
from mailbot.hiring.worktime import worktime

PERM = ZoneInfo("Asia/Yekaterinburg")
JOB, N, ANNA, BORIS = "job@up-advert.ru", "n@up-advert.ru", "anna@up-advert.ru", "boris@up-advert.ru"
IVAN = "ivan@mail.ru"

STAGES = (
    Stage("questions", "Вопросы", "questions", "", "candidate", "auto", "test", False, 5, (2, 3), "silent"),
    Stage("test", "Тест", "test", "assignment", "candidate", "auto", "review", False, 5, (3,), "silent"),
    Stage("review", "Проверка", waits_for="staff", next="interview"),
    Stage("interview", "Собеседование", "interview", waits_for="candidate", next="hired"),
    Stage("hired", "Принят", "hired"),
    Stage("rejected", "Отказ", "rejected"),
    Stage("withdrawn", "Отозвано", "withdrawn"),
    Stage("silent", "Нет ответа"),
)
ASKED = (Question("city", "Где вы живёте?"), Question("years", "Сколько лет опыта?"), Question("why", "Почему мы?", required=False))
TRAINEE = Position("trainee", "Стажёр", ("стажёр",), ASKED, Assignment("Напишите письмо.", "/etc/mailbot/trainee.pdf"))
MANAGER = Position("manager", "Менеджер", ("менеджер",), (), Assignment("Составьте план.", ""))
COMPANY = Company(
    name="Ап",
    language="ru",
    signature="Команда Ап",
    privacy_url="https://up-advert.ru/privacy",
    job=JOB,
    escalation=N,
    aliases=("hr@up-advert.ru",),
    office=Office("RU", "Asia/Yekaterinburg", time(10), time(19)),
    positions=(TRAINEE, MANAGER),
    recruiters=(Recruiter("Анна", ANNA, ("trainee",), "Анна, отдел кадров"), Recruiter("Борис", BORIS)),
    stages=STAGES,
    limits=Limits(1000, 1000, 3, 6, 20, 60, ()),
)
# Built once: its years of the calendar are remembered.
WORKTIME = worktime(COMPANY.office)


def perm(text: str) -> datetime:
    """The instant that a clock in Perm shows: "2026-11-23 12:00" is a Monday at noon."""
    return datetime.fromisoformat(text).replace(tzinfo=PERM)


MONDAY = perm("2026-11-23 12:00")


def company(**changes: Any) -> Company:
    return replace(COMPANY, **changes)


def stages(**changes: dict[str, Any]) -> tuple[Stage, ...]:
    """The process with some stages changed: `stages(test={"send": ""})`."""
    return tuple(replace(stage, **changes.get(stage.id, {})) for stage in STAGES)


def moment(now: datetime = MONDAY, **changes: Any) -> Moment:
    """A moment in the company, changed as told."""
    return Moment(company(**changes), WORKTIME, now)


def message(**changes: Any) -> Message:
    """A candidate's letter to job@."""
    letter = Message(
        headers=(),
        sender=Address("Иван", IVAN),
        recipients=(Address("", JOB),),
        reply_to=(),
        subject="Отклик",
        text="",
        html="",
        attachments=(),
        message_id="<1@mail.ru>",
        in_reply_to=(),
        references=(),
        date=None,
        parts=("text/plain",),
    )
    return replace(letter, **changes)


def facts(text: str = "Здравствуйте!", rule: str = "D15", kind: Any = "answer", may_answer: bool = True, **changes: Any) -> Facts:
    """What is known of a letter with this new text, judged so."""
    known = Facts(
        arrived=MONDAY,
        identity="identity-1",
        judgement=Judgement(kind, rule, may_answer, f"because of {rule}"),
        match=Match("A-7F3K9", "thread", confirmed=True),
        reply=Reply(text),
        language="ru",
        position=None,
        person=Person(),
        reference="A-7F3K9",
    )
    return replace(known, **changes)


def first(**changes: Any) -> Facts:
    """What is known of a first letter for the trainee's position."""
    return replace(facts(rule="D14", kind="application", match=Match(), position=TRAINEE), **changes)


def answers(*ids: str) -> tuple[Answer, ...]:
    return tuple(Answer(question, f"answer to {question}") for question in ids)


def staff(
    text: str = "Ждём вас завтра.", route: Any = "notice", recruiter: str = ANNA, date: datetime | None = None, **changes: Any
) -> Facts:
    """What is known of a staff member's message that came in this way."""
    known = COMPANY.staff(recruiter)
    assert known is not None
    return facts(text, "D9", "staff", may_answer=False, staff=StaffRoute(route, known), arrived=date or MONDAY, **changes)


def application(stage: str = "questions", at: Moment | None = None, *, waits: datetime | None = None, **changes: Any) -> Application:
    """Ivan's application that entered this stage at this moment; `waits`: since when a letter of his waits for a person."""
    at = at or moment()
    new = Application(
        reference="A-7F3K9",
        position="trainee",
        stage=stage,
        name="Иван",
        addresses=(IVAN,),
        language="ru",
        opened=at.now,
        last_message=at.now,
        subject="Отклик",
        waits_for="candidate",
        thread=("<0@mail.ru>",),
    )
    there = next(known for known in at.company.stages if known.id == stage)
    entered, _ = enter(at, replace(new, **changes), there, "entered", at.now)
    return wait_for_staff(at, entered, "waiting", waits) if waits else entered


def letter(text: str = "Когда вы ответите?", **changes: Any) -> Letter:
    return replace(Letter(Address("Иван", IVAN), "Отклик", text, MONDAY), **changes)


def question(id: str, **changes: Any) -> AskedQuestion:
    return replace(AskedQuestion(id, f"{id}?", required=True), **changes)


def unanswered(*arrivals: datetime) -> tuple[Unanswered, ...]:
    return tuple(Unanswered(f"identity of {arrived:%d %H:%M}", arrived) for arrived in arrivals)


def sent(decision: Decision) -> list[tuple[str, str]]:
    """What goes out by a decision: template and address, in order; a relay is "relay"."""
    return [("relay" if isinstance(action, Relay) else action.template, action.to) for action in decision.actions]


def send(decision: Decision, template: str) -> Send:
    """The first message by this template."""
    return next(action for action in decision.actions if isinstance(action, Send) and action.template == template)


def after(decision: Decision) -> Application:
    """The application that a decision leads to."""
    assert decision.application is not None
    return decision.application
