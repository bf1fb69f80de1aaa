"""Machines that answer machines: whatever the other side is, the mail that mailbot sends by itself stays under its cap and ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parsedate_to_datetime
from pathlib import Path

import pytest
from applicants import LETTER, SUBJECT
from figures import Row
from hands import JOB, LIMITS, RECRUITER, Hands, N, met

#: The other company's, and what robots call themselves here.
OTHER, ROBOT, TICKETS = "work@other.example", "hello@agency.example", "support@tickets.example"
#: What a server on the way may take off a message: all that says that a machine wrote it.
MARKS = ("Auto-Submitted", "X-Auto-Response-Suppress", "X-Mailbot")
HOURS = 72
STEP = timedelta(minutes=15)

#: Given a message that reached the other side, what comes back.
Responder = Callable[[EmailMessage, Hands], list[EmailMessage]]


@pytest.fixture
def ours(tmp_path: Path, rows: list[Row]) -> Iterator[Hands]:
    hands = met(tmp_path / "ours")
    yield hands
    rows.append(hands.row("loops"))
    hands.desk.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Hands]:
    """Another company's mailbot, whose recruiter has an address of its own."""
    hands = met(tmp_path / "other", job=OTHER)
    yield hands
    hands.desk.close()


class Post:
    """Carries what one office has submitted for an address; each message once."""

    def __init__(self, hands: Hands, address: str) -> None:
        self._hands, self._address = hands, address
        self.carried: list[EmailMessage] = []

    def new(self) -> list[EmailMessage]:
        fresh = self._hands.sent_to(self._address)[len(self.carried) :]
        self.carried += fresh
        return fresh


def stripped(message: EmailMessage) -> EmailMessage:
    """As a gateway passes it on that takes away every mark, and writes Message-ID and thread anew."""
    for name in (*MARKS, "In-Reply-To", "References"):
        del message[name]
    message.replace_header("Message-ID", make_msgid(domain="gateway.example"))
    return message


def facing(ours: Hands, other: Hands, passed_on: Callable[[EmailMessage], EmailMessage]) -> tuple[Post, Post]:
    """Three days of two mailbots that get each other's mail; it begins with a letter that bears the other's address."""
    there, back = Post(ours, OTHER), Post(other, JOB)
    ours.letter(SUBJECT, LETTER, sender=f"АП-Адверт <{OTHER}>")
    end = ours.now + timedelta(hours=HOURS)
    while ours.now < end:
        ours.turn()
        for message in there.new():
            other.put(passed_on(message))
        other.turn()
        for message in back.new():
            ours.put(passed_on(message))
        ours.now += STEP
        other.now = ours.now
    return there, back


def answered_by(ours: Hands, address: str, responder: Responder) -> Post:
    """Three days of mailbot and a machine that answers everything at that address; the machine begins."""
    there = Post(ours, address)
    ours.letter(SUBJECT, LETTER, sender=f"Агентство <{address}>")
    end = ours.now + timedelta(hours=HOURS)
    while ours.now < end:
        ours.turn()
        for message in there.new():
            for answer in responder(message, ours):
                ours.put(answer)
        ours.now += STEP
    return there


def reply(sender: str, subject: str, text: str, hands: Hands) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, JOB, subject
    message["Date"], message["Message-ID"] = format_datetime(hands.now), make_msgid(domain=sender.partition("@")[2])
    message.set_content(text)
    return message


def test_two_mailbots_facing_each_other_fall_silent(ours: Hands, other: Hands) -> None:
    there, back = facing(ours, other, lambda message: message)
    # The questions, and the one reminder after three working days.
    assert len(there.carried) == 2
    assert not back.carried
    under_the_cap(there)


def test_two_mailbots_behind_gateways_that_take_every_mark_away_stay_under_the_cap(ours: Hands, other: Hands) -> None:
    there, back = facing(ours, other, stripped)
    under_the_cap(there)
    under_the_cap(back)


def vacation(message: EmailMessage, hands: Hands) -> list[EmailMessage]:
    """The same words to everything, without a header that says so and without a thread."""
    return [reply(ROBOT, f"Re: {message['Subject']}", "Здравствуйте! Спасибо за письмо, мы скоро ответим.", hands)]


def echo(message: EmailMessage, hands: Hands) -> list[EmailMessage]:
    """What it got, back in its thread, quoted below words that look like an application."""
    part = message.get_body(("plain",))
    assert part is not None
    quoted = "".join(f"> {line}\n" for line in str(part.get_content()).splitlines())
    answer = reply(ROBOT, f"Re: {message['Subject']}", f"Хочу работать у вас, резюме во вложении.\n\n{quoted}", hands)
    answer["In-Reply-To"] = answer["References"] = message["Message-ID"]
    return [answer]


def tickets(message: EmailMessage, hands: Hands) -> list[EmailMessage]:
    """Two messages for each, every one under a new number and another subject, never in the thread."""
    number = len(hands.server.messages(hands.user)) + 4711
    return [
        reply(TICKETS, f"[#{number}] Заявка зарегистрирована", f"Ваша заявка №{number} принята. Какая у вас зарплата?", hands),
        reply(TICKETS, f"[#{number + 1}] Вакансия: отклик получен", f"Резюме №{number} на вакансию аккаунт-менеджер. 1. Да. 2. Да.", hands),
    ]


def applicant(message: EmailMessage, hands: Hands) -> list[EmailMessage]:
    """A program that applies anew, for the other opening each time, and answers every question."""
    opening = ("Аккаунт-менеджер", "Аккаунт-менеджер стажёр")[len(hands.server.messages(hands.user)) % 2]
    return [
        reply(ROBOT, f"Отклик на вакансию «{opening}»", f"Хочу работать, {opening}. {hands.now}", hands),
        reply(ROBOT, f"Re: {message['Subject']}", "1. Да.\n2. Нет.\n3. 40 часов.\n4. Excel.\n", hands),
    ]


@pytest.mark.parametrize("responder", [vacation, echo, applicant], ids=lambda responder: responder.__name__)
def test_a_responder_that_sets_no_headers_gets_no_more_than_the_cap(ours: Hands, responder: Responder) -> None:
    under_the_cap(answered_by(ours, ROBOT, responder))


def test_a_ticket_system_that_rewrites_subjects_gets_no_more_than_the_cap(ours: Hands) -> None:
    under_the_cap(answered_by(ours, TICKETS, tickets))


def test_a_program_that_writes_all_day_unasked_gets_no_more_than_the_cap(ours: Hands) -> None:
    there = Post(ours, ROBOT)
    for _ in range(60):
        for letter in applicant(reply(JOB, SUBJECT, "", ours), ours):
            ours.put(letter)
        ours.turn()
        ours.now += STEP
    there.new()
    under_the_cap(there)
    # The rest waits for a person, who was told.
    assert any(entry.state == "held" for entry in ours.desk.outbox.entries())
    assert any(intent.purpose == "held" and intent.outcome == "sent" for case in ours.cases() for intent in case.intents)


def test_a_robot_at_a_recruiters_address_that_sets_no_headers_is_held_too(ours: Hands) -> None:
    """Its words are relayed as a person's would be; what it answers is a robot as well, and both answer at once."""
    there, candidate = Post(ours, RECRUITER), Post(ours, ROBOT)
    ours.letter(SUBJECT, LETTER, sender=f"Агентство <{ROBOT}>")
    for _ in range(100):
        ours.turn()
        for message in there.new():
            answer = reply(RECRUITER, f"Re: {message['Subject']}", "Спасибо за письмо, я скоро отвечу.", ours)
            answer["In-Reply-To"] = answer["References"] = message["Message-ID"]
            ours.put(answer)
        for message in candidate.new():
            for answer in vacation(message, ours):
                ours.put(answer)
        ours.now += timedelta(seconds=20)
    # Ten relays, and what went before.
    assert len(candidate.carried) <= 10 + LIMITS.address_per_day
    assert len(there.carried) <= 40


SLOW_DAYS = 2


def slowly(ours: Hands, posts: dict[str, Post], answer: Callable[[str, EmailMessage], EmailMessage], days: int = SLOW_DAYS) -> None:
    """Whoever gets mail answers it half an hour later, with other words each time; and once mailbot is started anew."""
    ours.letter(SUBJECT, LETTER, sender=f"Агентство <{ROBOT}>")
    for step in range(days * 48):
        if step == 60:
            ours.reopen()
        ours.turn()
        fresh = [(address, message) for address, post in posts.items() for message in post.new()]
        ours.now += timedelta(minutes=30)
        for address, message in fresh:
            ours.put(answer(address, message))


def in_any_day(post: Post, ours: Hands) -> int:
    """How many reached that address in the worst 24 hours, by when they went out."""
    ids = {message["Message-ID"] for message in post.carried}
    times = [entry.committed_at for entry in ours.desk.outbox.entries() if entry.message_id in ids and entry.committed_at]
    assert len(times) == len(ids)
    return max(sum(first <= time < first + timedelta(hours=24) for time in times) for first in times)


def test_a_slow_robot_at_a_candidates_address_costs_nobody_more_than_a_bound_a_day(ours: Hands) -> None:
    """It writes every half hour, day and night, whether it is answered or not."""
    post, staff = Post(ours, ROBOT), Post(ours, RECRUITER)
    for step in range(SLOW_DAYS * 48):
        ours.put(reply(ROBOT, f"Re: {SUBJECT}", f"Ваше сообщение №{step} принято, ждите ответа.", ours))
        if step == 60:
            ours.reopen()
        ours.turn()
        post.new(), staff.new()
        ours.now += timedelta(minutes=30)
    assert in_any_day(post, ours) <= LIMITS.address_per_day
    # The notices, and what says that there are too many, the hint and the digest.
    assert LIMITS.notices_per_day <= in_any_day(staff, ours) <= LIMITS.notices_per_day + 4
    told_once_a_day(ours)


def test_slow_robots_at_a_candidates_and_a_recruiters_address_are_stopped_by_a_bound_a_day(ours: Hands) -> None:
    posts = {ROBOT: Post(ours, ROBOT), RECRUITER: Post(ours, RECRUITER)}

    def answer(address: str, message: EmailMessage) -> EmailMessage:
        words = f"Ваше сообщение принято в {ours.now:%H:%M}, ждите ответа."
        robot = reply(address, f"Re: {message['Subject']}", words, ours)
        robot["In-Reply-To"] = robot["References"] = message["Message-ID"]
        return robot

    slowly(ours, posts, answer)
    assert LIMITS.relays_per_day <= in_any_day(posts[ROBOT], ours) <= LIMITS.relays_per_day + LIMITS.address_per_day
    assert in_any_day(posts[RECRUITER], ours) <= LIMITS.notices_per_day + 4
    told_once_a_day(ours)


def told_once_a_day(ours: Hands) -> None:
    """The recruiter and n@ hear that machines may be talking, once in 24 hours; the rest is held for them."""
    for address in (RECRUITER, N):
        told = [message for message in ours.sent_to(address) if "machines may be talking" in message.get_content()]
        assert 1 <= len(told) <= SLOW_DAYS, address
    assert any(entry.state == "held" for entry in ours.desk.outbox.entries())


def under_the_cap(post: Post) -> None:
    """So many in any 24 hours, and so many in each application as long as no person writes."""
    times = [parsedate_to_datetime(message["Date"]) for message in post.carried]
    assert times, "the loop has to begin"
    for first in times:
        assert len([at for at in times if first <= at < first + timedelta(days=1)]) <= LIMITS.address_per_day
