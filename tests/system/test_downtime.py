"""Ten days of downtime: the backlog is answered at a measured pace, n@ reads one list, and what was dropped meanwhile stays dropped."""

from __future__ import annotations

from pathlib import Path

from applicants import LETTER, SUBJECT, asked
from clients import plain
from imap_server import ImapServer
from office import CANDIDATE, RECRUITER, N, Office, text_of
from smtp_sink import SmtpServer

from mailbot.hiring.backlog import FEW

QUESTION = "Здравствуйте! Подскажите, пожалуйста, можно ли работать по вечерам?"
#: More than a few, and not so many in an hour that the breaker opens.
MANY = FEW + 2


def applicant(number: int) -> str:
    return f"applicant{number}@mail.ru"


def test_the_backlog_is_answered_at_the_pace_of_the_caps_and_each_letter_once(
    tmp_path: Path, dovecot: ImapServer, smtp_server: SmtpServer
) -> None:
    office = Office(tmp_path, dovecot, smtp_server, total_per_hour="4")
    office.once()
    for number in range(MANY):
        office.pass_time(days=1)
        office.letter(SUBJECT, LETTER, sender=applicant(number))
    office.pass_time(days=3)
    answered = []
    for minutes in (30, 31, 61):
        office.once()
        answered.append(sum(message["To"].startswith("applicant") for message in office.sent()))
        office.pass_time(minutes=minutes)
    # Four at once, none half an hour later, the other three when the hour is over.
    assert answered == [4, 4, MANY]
    for number in range(MANY):
        (questions,) = office.sent_to(applicant(number))
        # Days are counted from today, not from when the letter came.
        assert "11 декабря" in text_of(questions)


def test_n_reads_one_list_after_ten_days_and_no_second_one(office: Office) -> None:
    for number in range(MANY):
        office.letter(SUBJECT, f"{LETTER}\n{QUESTION} {number}", sender=applicant(number))
    office.pass_time(minutes=1)
    office.once()
    before = len(office.sent_to(N))
    office.pass_time(days=10)
    for _ in range(2):
        office.once()
        office.pass_time(minutes=20)
    went = office.sent_to(N)[before:]
    assert [message["Subject"].partition(":")[0] for message in went] == ["Ждут ответа дольше срока", went[1]["Subject"].partition(":")[0]]
    assert went[1]["Subject"].startswith("Сводка")
    applications = office.applications()
    assert all(application["escalated"] for application in applications)
    text = text_of(went[0])
    assert all(application["reference"] in text for application in applications)
    assert all(applicant(number) in text and f"{QUESTION} {number}" in text for number in range(MANY))


def test_a_delayed_answer_that_was_dropped_while_mailbot_was_down_is_never_sent(
    tmp_path: Path, dovecot: ImapServer, smtp_server: SmtpServer
) -> None:
    office = Office(tmp_path, dovecot, smtp_server, delay_minutes="60")
    office.once()
    office.pass_time(minutes=1)
    asked(office)
    notice = office.sent_to(RECRUITER)[-1]
    office.letter(f"Re: {notice['Subject']}", plain(notice, "Мария, вы нам не подходите."), sender=RECRUITER, answers=notice)
    office.pass_time(minutes=1)
    office.once()
    (relay,) = [entry for entry in office.json("outbox", "list") if entry["purpose"] == "relay"]
    assert relay["state"] == "planned"
    assert office.mailbot("outbox", "drop", relay["id"]) == f"{relay['id']}: will not be sent\n"
    office.pass_time(hours=2)
    office.once()
    office.pass_time(days=5)
    office.once()
    assert all("не подходите" not in text_of(message) for message in office.sent_to(CANDIDATE))
    assert "relay dropped" in [entry["what"] for entry in office.json("show", relay["reference"])["history"]]
