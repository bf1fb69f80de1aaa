"""The breaker in the real process: a machine that answers everything is stopped, staff are told, and a person closes it."""

from __future__ import annotations

from pathlib import Path

from applicants import LETTER, SUBJECT, asked
from office import CANDIDATE, RECRUITER, N, Office
from servers import ImapServer, SmtpServer

#: No header says that a program wrote it.
ANSWER = "Меня нет на месте, отвечу позже."


def loop(office: Office) -> None:
    """A program answers five times within minutes, and mailbot reads it."""
    questions = asked(office)
    for _ in range(5):
        office.letter(f"Re: {SUBJECT}", ANSWER, answers=questions)
        office.pass_time(minutes=2)
    office.once()


def test_a_loop_is_stopped_and_stays_so_until_a_person_closes_the_breaker(office: Office) -> None:
    loop(office)
    assert "the breaker is open" in office.mailbot("breaker", "show")
    status = office.json("status", expect=1)
    assert status["breaker"] == "open"
    (alarm,) = office.sent_to(N)
    assert "mailbot breaker close" in " ".join(alarm.get_content().split())
    before = len(office.sent_to(CANDIDATE))

    office.letter(SUBJECT, LETTER, sender="oleg@mail.ru")
    office.pass_time(minutes=1)
    for _ in range(2):
        office.once()
    assert office.sent_to("oleg@mail.ru") == []
    assert [message["To"] for message in office.sent()][-1] == RECRUITER
    assert len(office.sent_to(CANDIDATE)) == before <= 3

    assert "closed" in office.mailbot("breaker", "close")
    office.pass_time(minutes=1)
    office.once()
    assert len(office.sent_to("oleg@mail.ru")) == 1
    assert "the breaker is closed" in office.mailbot("breaker", "show")
    assert "already" in office.mailbot("breaker", "close")


def test_the_running_daemon_closes_it_when_told(office: Office) -> None:
    loop(office)
    office.letter(SUBJECT, LETTER, sender="oleg@mail.ru")
    office.pass_time(minutes=1)
    with office.running() as _daemon:
        office.logged("kind=application")
        assert office.json("status", expect=1)["breaker"] == "open"
        assert office.sent_to("oleg@mail.ru") == []
        assert "closed" in office.mailbot("breaker", "close")
        office.logged("purpose=questions outcome=sent")
    assert len(office.sent_to("oleg@mail.ru")) == 1


def test_the_first_limit_answer_stops_all_sending_for_a_day(tmp_path: Path, dovecot: ImapServer, smtp_server: SmtpServer) -> None:
    office = Office(tmp_path, dovecot, smtp_server)
    office.once()
    office.pass_time(minutes=1)
    office.letter(SUBJECT, LETTER)
    office.smtp.script("MAIL", "550 5.4.5 Daily user sending limit exceeded")
    office.pass_time(minutes=1)
    said = office.once()
    assert "the breaker is open" in said
    commands = len(office.smtp.commands)

    for hours in (1, 10, 12):
        office.pass_time(hours=hours)
        office.once()
    # Not even a connection: some providers begin their block anew at each try.
    assert len(office.smtp.commands) == commands
    assert "nothing at all is sent until: 2025-11-25T10:32" in office.mailbot("breaker", "show")

    office.pass_time(hours=2)
    office.once()
    assert {str(message["To"]) for message in office.sent()} == {RECRUITER, N}

    office.mailbot("breaker", "close")
    office.pass_time(minutes=1)
    office.once()
    # It has waited for more than a day: it is written anew, or a person decides.
    for entry in office.json("outbox", "list"):
        if entry["state"] == "held":
            office.mailbot("outbox", "resend", entry["id"])
    office.once()
    assert len(office.sent_to(CANDIDATE)) == 1


def test_there_is_no_word_that_opens_it(office: Office) -> None:
    office.mailbot("breaker", "open", expect=2)
