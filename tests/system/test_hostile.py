"""What a hostile sender can not do: act as staff, stop a clock, silence a letter, have mailbot write to others, or make it loop."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

import pytest
from clients import plain
from office import CANDIDATE, JOB, RECRUITER, Office, text_of

LETTER = "Здравствуйте! Откликаюсь на вакансию «Аккаунт-менеджер». Меня зовут Мария."


def questions_after_a_letter(office: Office) -> EmailMessage:
    """A first letter has come, and its sender has the questions."""
    office.letter("Отклик на вакансию Аккаунт-менеджер", LETTER)
    office.once()
    return office.sent_to(CANDIDATE)[-1]


def notice_that_waits(office: Office) -> tuple[EmailMessage, EmailMessage]:
    """A candidate has asked something: the questions and the recruiter's notice."""
    questions = questions_after_a_letter(office)
    office.pass_time(minutes=5)
    office.letter("Re: Отклик", "А сколько вы платите стажёрам?", answers=questions)
    office.once()
    return questions, office.sent_to(RECRUITER)[-1]


def messages_of(office: Office) -> list[tuple[str, str]]:
    (application,) = office.applications()
    return [(each["direction"], each["kind"]) for each in office.json("show", application["reference"])["messages"]]


@pytest.mark.parametrize("copied", ["X-Mailbot", "Message-ID"])
def test_a_letter_that_bears_a_mark_of_ours_is_read_all_the_same(office: Office, copied: str) -> None:
    questions = questions_after_a_letter(office)
    office.pass_time(minutes=5)
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = CANDIDATE, JOB, "Re: Отклик"
    letter["Date"] = "Mon, 24 Nov 2025 10:35:00 +0500"
    letter["In-Reply-To"] = questions["Message-ID"]
    if copied == "X-Mailbot":
        letter["Message-ID"] = "<copied@candidates.example>"
    letter[copied] = questions[copied]
    letter.set_content("А сколько вы платите стажёрам?")
    office.put(letter.as_bytes())
    office.once()
    assert ("in", "answer") in messages_of(office)
    assert office.applications()[0]["waits_for"] == "staff"


def test_a_bounce_that_bears_our_mark_is_a_bounce(office: Office) -> None:
    questions = questions_after_a_letter(office)
    before = len(office.sent_to(RECRUITER))
    office.pass_time(minutes=5)
    office.letter(
        "Mail delivery failed",
        f"{CANDIDATE}: 550 5.1.1 no such user",
        sender="Mail Delivery System <mailer-daemon@mail.ru>",
        answers=questions,
        headers={"X-Mailbot": questions["X-Mailbot"], "X-Failed-Recipients": CANDIDATE},
    )
    office.once()
    assert ("in", "bounce") in messages_of(office)
    assert len(office.sent_to(RECRUITER)) == before + 1


def test_a_staff_address_that_answers_everything_makes_no_loop(office: Office) -> None:
    questions_after_a_letter(office)
    office.letter("Я в курсе", "Это письмо прочитано роботом, который не ставит заголовков.", sender=RECRUITER)
    answered = len(office.sent_to(RECRUITER))
    for _ in range(12):
        office.once()
        office.pass_time(minutes=2)
        received = office.sent_to(RECRUITER)
        if len(received) == answered:
            break
        for message in received[answered:]:
            office.letter(f"Re: {message['Subject']}", "Это письмо прочитано роботом.", sender=RECRUITER)
        answered = len(received)
    else:
        pytest.fail(f"{answered} messages, and no end")


@pytest.mark.parametrize("name", ["winmail.dat", "Уведомление.msg", "Уведомление.eml", "письмо.mht"])
def test_a_whole_letter_of_a_mail_program_is_not_passed_on(office: Office, name: str) -> None:
    _, notice = notice_that_waits(office)
    before = len(office.sent_to(CANDIDATE))
    office.pass_time(minutes=5)
    office.letter("Re: Новое письмо", plain(notice, "Добрый день! 40 тысяч."), sender=RECRUITER, answers=notice, attach=(name, b"x" * 100))
    office.once()
    assert len(office.sent_to(CANDIDATE)) == before
    assert "не отправлен" in office.sent_to(RECRUITER)[-1]["Subject"]


def test_a_strangers_words_are_not_sent_to_a_third_person_as_a_name(office: Office) -> None:
    office.letter("Отклик на вакансию Аккаунт-менеджер", LETTER, sender=f'"Вы выиграли приз! Он ждёт: http://evil.example/a" <{CANDIDATE}>')
    office.once()
    (questions,) = office.sent_to(CANDIDATE)
    assert "evil" not in text_of(questions)


@pytest.mark.parametrize("address", ["иван@почта.рф", "a\x1bc@evil.example", "a\0b@evil.example"])
def test_an_address_that_can_not_be_answered_costs_nobody_the_letter(office: Office, address: str) -> None:
    raw = f"From: Иван <{address}>\r\nTo: job@up-advert.ru\r\nSubject: Отклик\r\nMessage-ID: <1@x>\r\n\r\n{LETTER}\r\n"
    office.put(raw.encode())
    office.once()
    assert office.json("quarantine", "list") == []
    assert "Меня зовут Мария" in text_of(office.sent_to(RECRUITER)[-1])


def test_one_mailbox_under_many_names_gets_no_more_than_one(office: Office) -> None:
    for number in range(5):
        office.letter("Отклик на вакансию Аккаунт-менеджер", LETTER, sender=f"Мария <maria+{number}@mail.ru>")
    office.once()
    assert len([message for message in office.sent() if message["To"].startswith("maria")]) == 3


def test_a_terminal_obeys_no_stranger(office: Office) -> None:
    raw = f"From: \x1b]0;x\x07 <a\x1bc@evil.example>\r\nTo: job@up-advert.ru\r\nSubject: \x1b[2J \u202e\x9b31m\r\n\r\n{LETTER}\r\n"
    file = office.folder / "letter.eml"
    file.write_bytes(raw.encode())
    office.put(raw.encode())
    office.letter("Отклик \u202e на вакансию Аккаунт-менеджер", LETTER, sender="=?utf-8?q?=1B[31m=C2=9B?= <maria@mail.ru>")
    office.once()
    (application,) = office.applications()
    printed = "".join(
        office.mailbot(*verb)
        for verb in (["list"], ["show", application["reference"]], ["outbox", "list"], ["quarantine", "list"], ["explain", str(file)])
    )
    assert all(sign.isprintable() or sign == "\n" for sign in printed)


def test_a_token_counts_nowhere_but_in_the_thread_and_nothing_else_passes_for_staff(office: Office) -> None:
    questions, notice = notice_that_waits(office)
    token, before = notice["Message-ID"], len(office.sent_to(CANDIDATE))
    other = f"{token[:-20]}{'0' * 8}{token[-12:]}"
    forged: list[dict[str, Any]] = [
        {"sender": RECRUITER, "headers": {"Reply-To": token}, "text": f"Берём! {token}", "subject": f"Re: {token}"},
        {"sender": RECRUITER, "headers": {"In-Reply-To": other, "References": other, "X-Mailbot": notice["X-Mailbot"]}},
        {
            "sender": RECRUITER,
            "headers": {"Authentication-Results": "up-advert.ru; dmarc=pass header.from=up-advert.ru"},
            "answers": questions,
        },
        {"sender": f"{RECRUITER}, {CANDIDATE}", "answers": notice},
        {"sender": f"{CANDIDATE}, {RECRUITER}", "answers": notice},
        {"sender": f'"{RECRUITER}" <eve@evil.example>', "answers": notice},
        {"sender": "eve@evil.example", "headers": {"Sender": RECRUITER, "Reply-To": RECRUITER}, "answers": notice},
        {"sender": "n@up-advert.ru", "answers": notice},
        {"sender": JOB, "answers": notice},
    ]
    for number, letter in enumerate(forged):
        office.pass_time(seconds=30)
        given: dict[str, Any] = {"subject": "Re: отклик", "text": f"Вы приняты на работу, письмо {number}.", **letter}
        office.letter(given.pop("subject"), given.pop("text"), **given)
    office.once()
    assert len(office.sent_to(CANDIDATE)) == before
    (application,) = office.applications()
    assert (application["waits_for"], application["stage"], application["addresses"]) == ("staff", "questions", [CANDIDATE])


def test_a_candidate_who_answers_a_notice_that_was_forwarded_to_them_is_a_candidate(office: Office) -> None:
    _, notice = notice_that_waits(office)
    before, due = len(office.sent_to(CANDIDATE)), office.applications()[0]["due"]
    office.pass_time(days=1)
    office.letter("Re: Новое письмо", plain(notice, "Мне это переслали."), answers=notice)
    office.letter("Re: Новое письмо", plain(notice, "И мне."), answers=notice, sender="eve@evil.example")
    office.once()
    assert len(office.sent_to(CANDIDATE)) == before
    assert office.sent_to("eve@evil.example") == []
    (application,) = office.applications()
    assert (application["waits_for"], application["due"], application["addresses"]) == ("staff", due, [CANDIDATE])


def test_a_stranger_with_our_message_id_does_not_draw_anothers_answers_into_their_own_case(office: Office) -> None:
    questions = questions_after_a_letter(office)
    text = f"From: eve@evil.example\r\nTo: {JOB}\r\nSubject: Отклик\r\nMessage-ID: {questions['Message-ID']}\r\n\r\n{LETTER}\r\n"
    office.put(text.encode())
    office.once()
    office.pass_time(minutes=5)
    office.letter("Re: Отклик", "А сколько вы платите?", answers=questions)
    office.once()
    waiting = {application["addresses"][0]: application["waits_for"] for application in office.applications()}
    assert waiting == {CANDIDATE: "staff", "eve@evil.example": "candidate"}
