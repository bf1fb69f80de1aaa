"""What candidates answer to the questions: in part, later, with a question, between the lines, in English, with no position named."""

from __future__ import annotations

from email.message import EmailMessage

from applicants import ANSWERS, LETTER, SUBJECT, asked
from clients import between_the_lines, plain
from office import CANDIDATE, RECRUITER, Office, text_of


def reply(office: Office, text: str, *, answers: EmailMessage, html: str = "", sender: str = CANDIDATE) -> list[EmailMessage]:
    """A reply, and a pass: returns what went to the candidate meanwhile."""
    before = len(office.sent_to(sender))
    office.letter(f"Re: {SUBJECT}", text, answers=answers, html=html, sender=sender)
    office.pass_time(minutes=1)
    office.once()
    return office.sent_to(sender)[before:]


def question_states(office: Office) -> list[str]:
    reference = office.applications()[0]["reference"]
    return [question["state"] for question in office.json("show", reference)["questions"]]


def test_answers_in_part_are_thanked_for_and_the_rest_is_asked_once_more_under_its_own_numbers(office: Office) -> None:
    questions = asked(office)
    (again,) = reply(office, "1. Нравится договариваться.\n3. 30 часов, с декабря.", answers=questions)
    text = text_of(again)
    assert "\n2. Где вам уже приходилось" in text
    assert "\n4. С какими программами" in text
    assert "\n1. " not in text
    assert "\n5. " not in text
    assert question_states(office) == ["answered", "missing", "answered", "missing", "asked"]
    # A day later, so that the cap of three automatic letters in 24 hours is not what stops it.
    office.pass_time(days=1)
    assert reply(office, "2. Ярмарка в университете.", answers=again) != []
    (application,) = office.applications()
    assert (application["stage"], application["waits_for"]) == ("questions", "staff")
    (test,) = reply(office, "4. Excel.", answers=again)
    assert [part.get_filename() for part in test.iter_attachments()] == ["trainee.docx"]


def test_a_promise_to_answer_later_is_no_answer_and_moves_nothing(office: Office) -> None:
    questions = asked(office)
    sent = len(office.sent())
    office.letter(f"Re: {SUBJECT}", "Спасибо, отвечу завтра", answers=questions)
    office.letter(f"Re: {SUBJECT}", "Добрый день! Спасибо за письмо, отвечу вечером.\n\nМария", answers=questions)
    assert reply(office, plain(questions, "Спасибо, отвечу завтра."), answers=questions) == []
    (application,) = office.applications()
    assert (application["stage"], application["waits_for"]) == ("questions", "candidate")
    assert len(office.sent()) == sent
    (test,) = reply(office, plain(questions, ANSWERS), answers=questions)
    assert list(test.iter_attachments())


def test_a_question_back_never_sends_the_test_and_waits_for_a_person(office: Office) -> None:
    questions = asked(office)
    (promise,) = reply(office, plain(questions, "Подскажите, пожалуйста, какая у вас зарплата на стажировке?"), answers=questions)
    assert "четверга, 27 ноября" in text_of(promise)
    assert not list(promise.iter_attachments())
    (application,) = office.applications()
    assert (application["stage"], application["waits_for"], application["due"]) == ("questions", "staff", "2025-11-27T19:00:00+05:00")
    assert "какая у вас зарплата" in text_of(office.sent_to(RECRUITER)[-1])
    # All answers together with a question: a person is asked first, too.
    office.pass_time(hours=1)
    reply(office, plain(questions, ANSWERS + "\nА когда будет собеседование?"), answers=questions)
    (application,) = office.applications()
    assert application["waits_for"] == "staff"
    assert question_states(office)[:4] == ["answered"] * 4


def test_answers_between_the_lines_of_an_html_mail_are_read(office: Office) -> None:
    questions = asked(office)
    beneath = {
        "1. ": "Люблю договариваться.",
        "2. ": "Ярмарка в университете.",
        "3. ": "30 часов в неделю, с декабря.",
        "4. ": "Excel, презентации.",
    }
    (test,) = reply(office, "", html=between_the_lines(questions, beneath), answers=questions)
    assert [part.get_filename() for part in test.iter_attachments()] == ["trainee.docx"]
    assert question_states(office) == ["answered"] * 4 + ["asked"]
    shown = office.json("show", office.applications()[0]["reference"])
    assert [question["answer"] for question in shown["questions"]] == [*beneath.values(), None]


def test_an_unclear_position_is_asked_for_and_may_be_named_by_number_or_by_word(office: Office) -> None:
    people = {"anna@mail.ru": "2", "ivan@mail.ru": "Стажёр", "olga@mail.ru": "Меня интересует вакансия аккаунт-менеджера"}
    for address in people:
        office.letter("Отклик на вакансию", "Здравствуйте! Хочу у вас работать.", sender=address)
    office.pass_time(minutes=1)
    office.once()
    for address, answer in people.items():
        (which,) = office.sent_to(address)
        assert "1. Аккаунт-менеджер стажёр\n" in text_of(which)
        assert "2. Аккаунт-менеджер\n" in text_of(which)
        office.letter("Re: Отклик на вакансию", plain(which, answer), sender=address, answers=which)
    office.pass_time(minutes=1)
    office.once()
    positions = {application["addresses"][-1]: application["position"] for application in office.applications()}
    assert positions == {"anna@mail.ru": "manager", "ivan@mail.ru": "trainee", "olga@mail.ru": "manager"}
    for address in people:
        assert "вопросов:\n\n1. " in text_of(office.sent_to(address)[-1])
    assert "недовол" in text_of(office.sent_to("anna@mail.ru")[-1])


def test_an_english_letter_gets_english_answers(office: Office) -> None:
    questions = asked_in_english(office)
    assert "Спасибо" not in text_of(questions)
    assert "Thank you" in text_of(questions)
    (test,) = reply(
        office,
        "Hello,\n\n1. I enjoy working with people.\n2. I ran a student fair.\n3. 30 hours a week, from December.\n4. Excel, Figma.\n",
        answers=questions,
        sender="john@gmail.com",
    )
    assert "test assignment" in text_of(test).lower()
    assert office.applications()[0]["language"] == "en"
    # Staff are written to in the company's language.
    assert "НОВЫЙ ОТКЛИК" in text_of(office.sent_to(RECRUITER)[0])


def asked_in_english(office: Office) -> EmailMessage:
    office.letter(
        "Application: account manager trainee",
        "Dear Sir or Madam,\n\nI would like to apply for the trainee position in your company.\n\nKind regards,\nJohn Smith",
        sender="John Smith <john@gmail.com>",
    )
    office.pass_time(minutes=1)
    office.once()
    return office.sent_to("john@gmail.com")[-1]


def test_a_second_position_opens_a_second_application_and_another_person_one_of_their_own(office: Office) -> None:
    asked(office)
    office.letter("Отклик на вакансию Аккаунт-менеджер", "Здравствуйте! Хочу попробовать и на эту вакансию.")
    office.letter(SUBJECT, LETTER, sender="Пётр Ким <kim@yandex.ru>")
    office.pass_time(minutes=1)
    office.once()
    opened = {(application["addresses"][-1], application["position"]) for application in office.applications()}
    assert opened == {(CANDIDATE, "trainee"), (CANDIDATE, "manager"), ("kim@yandex.ru", "trainee")}
    assert [len(office.sent_to(CANDIDATE)), len(office.sent_to("kim@yandex.ru"))] == [2, 1]
    assert CANDIDATE not in office.sent_to("kim@yandex.ru")[0].as_string()


def test_a_letter_in_the_thread_from_an_unknown_address_moves_nothing_and_waits_for_a_person(office: Office) -> None:
    questions = asked(office)
    assert reply(office, ANSWERS, answers=questions, sender="Мария <masha@other.example>") == []
    (application,) = office.applications()
    assert (application["stage"], application["waits_for"], application["addresses"]) == ("questions", "staff", [CANDIDATE])
    assert question_states(office) == ["asked"] * 5
    assert "незнакомого адреса" in office.sent_to(RECRUITER)[-1]["Subject"]
