"""Recruiters answer from their normal mail clients; each way of answering stops the clock, and what is a relay goes out as theirs."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage

import pytest
from applicants import SUBJECT, asked
from clients import PHONES, plain, plain_unmarked
from office import CANDIDATE, JOB, RECRUITER, Office, text_of
from staff import SECOND, add_recruiter, assert_relayed

WORDS = "Мария, здравствуйте!\n\nГрафик у нас пять через два, с 10 до 19. Приходите знакомиться в четверг?"
QUESTION = "Здравствуйте! Подскажите, пожалуйста, какой у вас график работы?"


@pytest.fixture
def question(office: Office) -> EmailMessage:
    """A candidate who was sent the questions asks one back; it waits for staff and the recruiter has the notice."""
    letter = office.letter(f"Re: {SUBJECT}", QUESTION, answers=asked(office))
    office.pass_time(minutes=1)
    office.once()
    assert office.applications()[0]["waits_for"] == "staff"
    office.pass_time(minutes=1)
    return letter


def test_each_recruiter_of_the_position_gets_a_notice_of_their_own(office: Office) -> None:
    add_recruiter(office, positions='["manager"]')
    asked(office)
    office.letter("Вакансия аккаунт-менеджера", "Добрый день! Веду клиентов пять лет.", sender="Пётр Ким <kim@yandex.ru>")
    office.pass_time(minutes=1)
    office.once()
    to_first, to_second = office.sent_to(RECRUITER), office.sent_to(SECOND)
    assert [len(to_first), len(to_second)] == [2, 1]
    assert "Аккаунт-менеджер" in to_second[0]["Subject"]
    assert to_first[1]["Message-ID"] != to_second[0]["Message-ID"]
    # The token stands first among the References as well, for servers that rewrite Message-IDs.
    assert to_second[0]["References"].split()[0] == to_second[0]["Message-ID"]
    assert text_of(to_second[0]).startswith("——— Пишите ответ выше этой строки ———")


def test_an_answer_is_relayed_from_every_phone_that_sends_html_alone(office: Office, question: EmailMessage) -> None:
    notice = office.sent_to(RECRUITER)[-1]
    before = len(office.sent_to(CANDIDATE))
    for name, write in PHONES.items():
        words = f"{WORDS}\nПишу с телефона: {name}"
        office.letter(f"Re: {notice['Subject']}", "", html=write(notice, words), sender=f"Анна <{RECRUITER}>", answers=notice)
        office.pass_time(minutes=1)
    office.once()
    relayed = office.sent_to(CANDIDATE)[before:]
    assert len(relayed) == len(PHONES)
    for message, name in zip(relayed, PHONES, strict=True):
        assert_relayed(message, f"{WORDS}\nПишу с телефона: {name}", notice, question)
    assert office.applications()[0]["waits_for"] == "candidate"


@pytest.mark.parametrize("write", [plain, plain_unmarked])
def test_a_plain_answer_is_relayed_with_its_attachment_and_the_same_message_again_is_not(
    office: Office, question: EmailMessage, write: Callable[[EmailMessage, str], str]
) -> None:
    notice = office.sent_to(RECRUITER)[-1]
    office.letter(
        f"Re: {notice['Subject']}", write(notice, WORDS), sender=RECRUITER, answers=notice, attach=("схема проезда.pdf", b"%PDF-1.4")
    )
    office.pass_time(minutes=1)
    office.once()
    relayed = office.sent_to(CANDIDATE)[-1]
    assert_relayed(relayed, WORDS, notice, question)
    assert [part.get_filename() for part in relayed.iter_attachments()] == ["схема проезда.pdf"]
    sent = len(office.sent())
    office.put(office.imap.messages(office.user)[-1].raw)
    office.pass_time(minutes=1)
    office.once()
    assert len(office.sent()) == sent


def test_what_a_person_writes_from_the_shared_mailbox_is_found_in_sent_and_stops_the_clock(office: Office, question: EmailMessage) -> None:
    sent = len(office.sent())
    office.letter(f"Re: {SUBJECT}", WORDS, sender=JOB, to=CANDIDATE, answers=question, folder="Sent")
    office.pass_time(minutes=1)
    office.once()
    assert office.applications()[0]["waits_for"] == "candidate"
    assert len(office.sent()) == sent
    # The candidate answers that letter: it is the same application.
    office.letter(f"Re: {SUBJECT}", "Спасибо, приду!", answers=question)
    office.pass_time(minutes=1)
    office.once()
    assert len(office.applications()) == 1


def test_an_answer_that_names_the_candidate_in_cc_has_reached_them_already(office: Office, question: EmailMessage) -> None:
    notice = office.sent_to(RECRUITER)[-1]
    sent = len(office.sent())
    office.letter(f"Re: {notice['Subject']}", WORDS, sender=RECRUITER, answers=notice, headers={"Cc": CANDIDATE})
    office.pass_time(minutes=1)
    office.once()
    assert office.applications()[0]["waits_for"] == "candidate"
    assert len(office.sent()) == sent


def test_an_answer_written_before_the_candidates_last_letter_leaves_that_letter_waiting(office: Office, question: EmailMessage) -> None:
    written = office.now
    office.pass_time(minutes=10)
    office.letter(f"Re: {SUBJECT}", "И ещё: можно ли прийти в пятницу?", answers=question)
    office.letter(f"Re: {SUBJECT}", WORDS, sender=JOB, to=CANDIDATE, answers=question, folder="Sent", at=written)
    office.pass_time(minutes=1)
    office.once()
    (application,) = office.applications()
    assert application["waits_for"] == "staff"
    assert application["since"] == (written.replace(minute=written.minute + 10)).isoformat()


def test_the_second_of_two_recruiters_is_told_of_the_first_and_both_answers_go_out(office: Office) -> None:
    add_recruiter(office)
    thread = asked(office)
    first, second = office.sent_to(RECRUITER)[-1], office.sent_to(SECOND)[-1]
    # This comes back to its writer, so it has answered nobody, and nobody is told of it.
    office.letter(f"Re: {second['Subject']}", plain(second, "/пригласить"), sender=SECOND, answers=second)
    office.pass_time(minutes=1)
    office.letter(f"Re: {first['Subject']}", plain(first, "Добрый день, ждём вас!"), sender=RECRUITER, answers=first)
    office.pass_time(minutes=5)
    office.letter(f"Re: {second['Subject']}", plain(second, "Здравствуйте, приходите."), sender=SECOND, answers=second)
    office.pass_time(minutes=1)
    office.once()
    one, two = office.sent_to(CANDIDATE)[-2:]
    assert_relayed(one, "Добрый день, ждём вас!", first, thread)
    assert_relayed(two, "Здравствуйте, приходите.", second, thread, name="Олег Седов")
    assert "До вас уже ответили" in office.sent_to(SECOND)[-1]["Subject"]
    assert "Мария Иванова" in text_of(office.sent_to(SECOND)[-1])
    assert len(office.sent_to(RECRUITER)) == 1
