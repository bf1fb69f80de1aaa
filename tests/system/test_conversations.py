"""A recruiter and a candidate to and fro, each in their own mail client, over every way that the design knows."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

from applicants import ANSWERS, LETTER, SUBJECT, asked
from clients import PHONES, between_the_lines, plain
from office import CANDIDATE, JOB, RECRUITER, N, Office, text_of
from servers import ImapServer, SmtpServer
from staff import assert_relayed

QUESTION = "Здравствуйте! Подскажите, пожалуйста, какой у вас график работы?"
WORDS = "Добрый день! С десяти до семи, пять дней в неделю."


def turn(office: Office, text: str, *, answers: EmailMessage, sender: str = CANDIDATE, **more: str) -> list[EmailMessage]:
    """One message of theirs, and a pass: returns what went out meanwhile."""
    before = len(office.sent())
    office.letter(f"Re: {answers['Subject']}", text, answers=answers, sender=sender, html=more.pop("html", ""), headers=more)
    office.pass_time(minutes=1)
    office.once()
    office.pass_time(minutes=1)
    return office.sent()[before:]


def test_candidate_and_recruiter_write_to_and_fro_in_one_thread(office: Office) -> None:
    questions = asked(office)
    promise, notice = turn(office, plain(questions, QUESTION), answers=questions)
    assert [promise["To"], notice["To"]] == [CANDIDATE, RECRUITER]
    (relay,) = turn(office, plain(notice, WORDS), answers=notice, sender=RECRUITER)
    assert_relayed(relay, WORDS, notice, questions)
    # The candidate answers the recruiter's words: with the answers to the questions, so that the test goes out.
    (test,) = turn(office, plain(relay, ANSWERS), answers=relay)
    assert [part.get_filename() for part in test.iter_attachments()] == ["trainee.docx"]
    # The recruiter answers an old notice once more: it serves any number of answers.
    (second,) = turn(office, plain(notice, "И ещё: приходите знакомиться."), answers=notice, sender=RECRUITER)
    assert_relayed(second, "И ещё: приходите знакомиться.", notice, test)
    # A day later: the machine writes to one address no more than three times in 24 hours.
    office.pass_time(days=1)
    _, thanks = turn(office, plain(second, "Спасибо! А когда удобнее прийти?"), answers=second)
    assert "А когда удобнее прийти?" in text_of(thanks)
    assert WORDS not in text_of(thanks)
    assert len(office.applications()) == 1


def test_every_phone_that_answers_above_the_quoted_questions_gets_the_test(office: Office) -> None:
    people = {name: f"{name}@mail.ru" for name in PHONES}
    for address in people.values():
        office.letter(SUBJECT, "Здравствуйте! Хочу у вас работать.", sender=address)
    office.pass_time(minutes=1)
    office.once()
    for name, address in people.items():
        (questions,) = office.sent_to(address)
        office.letter(f"Re: {SUBJECT}", "", html=PHONES[name](questions, ANSWERS), sender=address, answers=questions)
    office.pass_time(minutes=1)
    office.once()
    for address in people.values():
        assert [part.get_filename() for part in office.sent_to(address)[-1].iter_attachments()] == ["trainee.docx"], address
    assert {application["stage"] for application in office.applications()} == {"test"}


def test_a_recruiter_may_answer_beneath_the_quoted_notice_or_between_its_lines(office: Office) -> None:
    questions = asked(office)
    _, notice = turn(office, plain(questions, QUESTION), answers=questions)
    quoted = plain(notice, "").strip()
    (beneath,) = turn(office, f"{quoted}\n\n{WORDS}\n", answers=notice, sender=RECRUITER)
    assert_relayed(beneath, WORDS, notice, questions)
    (between,) = turn(office, "", html=between_the_lines(notice, {"> Здравствуйте! Подскажите": WORDS}), answers=notice, sender=RECRUITER)
    assert text_of(between).startswith(f"Здравствуйте! Отвечаю ниже.\n\n{WORDS}")
    assert notice["Message-ID"] not in between.as_string()


def test_a_candidates_address_is_the_same_however_it_is_written(office: Office) -> None:
    office.letter(SUBJECT, LETTER, sender="Мария <Maria.Petrova@Mail.RU>")
    office.pass_time(minutes=1)
    office.once()
    assert len(office.sent_to(CANDIDATE)) == 1
    office.letter("Ещё вопрос", "Можно ли прийти в пятницу?", sender="MARIA.PETROVA@MAIL.RU")
    office.pass_time(minutes=1)
    office.once()
    (application,) = office.applications()
    assert application["waits_for"] == "staff"


def test_a_recruiter_who_writes_to_the_candidate_with_us_in_cc_stops_the_clock_where_the_server_vouches_for_them(office: Office) -> None:
    text = office.config.read_text(encoding="utf-8")
    office.config.write_text(text.replace('authserv_id = ""', 'authserv_id = "mx.up-advert.ru"', 1), encoding="utf-8")
    questions = asked(office)
    turn(office, plain(questions, QUESTION), answers=questions)
    result = "mx.up-advert.ru; dmarc=pass header.from=up-advert.ru"
    for headers, waits in (({}, "staff"), ({"Authentication-Results": result}, "candidate")):
        office.letter(f"Re: {SUBJECT}", WORDS, sender=RECRUITER, to=CANDIDATE, headers={"Cc": JOB, **headers}, answers=questions)
        office.pass_time(minutes=1)
        office.once()
        assert office.applications()[0]["waits_for"] == waits
    assert all(WORDS not in text_of(message) for message in office.sent_to(CANDIDATE))


def test_a_relay_may_be_delayed_and_goes_out_once_when_its_time_has_come(
    tmp_path: Path, dovecot: ImapServer, smtp_server: SmtpServer
) -> None:
    office = Office(tmp_path, dovecot, smtp_server, delay_minutes="10")
    office.once()
    office.pass_time(minutes=1)
    questions = asked(office)
    notice = office.sent_to(RECRUITER)[-1]
    assert turn(office, plain(notice, WORDS), answers=notice, sender=RECRUITER) == []
    office.pass_time(minutes=7)
    office.once()
    assert len(office.sent_to(CANDIDATE)) == 1
    office.pass_time(minutes=3)
    office.once()
    office.once()
    assert len(office.sent_to(CANDIDATE)) == 2
    assert_relayed(office.sent_to(CANDIDATE)[-1], WORDS, notice, questions)


def test_a_letter_repeated_to_n_escalates_at_once_and_neither_answers_nor_restarts_the_clock(office: Office) -> None:
    questions = asked(office)
    turn(office, plain(questions, QUESTION), answers=questions)
    (before,) = office.applications()
    office.pass_time(hours=2)
    office.letter(f"Re: {SUBJECT}", "Мне так и не ответили. " + QUESTION, answers=questions, to=N)
    sent = len(office.sent())
    office.pass_time(minutes=1)
    office.once()
    assert [message["To"] for message in office.sent()[sent:]] == [N]
    escalation = office.sent()[-1]
    (after,) = office.applications()
    assert (after["since"], after["due"]) == (before["since"], before["due"])
    assert after["escalated"] is not None
    # n@ answers it from its own client, and that is a relay as well.
    office.letter(f"Re: {escalation['Subject']}", plain(escalation, WORDS), sender=N, answers=escalation)
    office.pass_time(minutes=1)
    office.once()
    assert WORDS in text_of(office.sent_to(CANDIDATE)[-1])
    assert office.applications()[0]["waits_for"] == "candidate"
