"""What stands between a recruiter's answer and the candidate: whose mail counts, and that nothing of the office leaks."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from applicants import SUBJECT, asked
from clients import plain
from office import CANDIDATE, RECRUITER, Office, text_of
from staff import SECOND, add_recruiter, assert_relayed

WORDS = "Добрый день! Ждём вас в четверг."


@pytest.fixture
def notice(office: Office) -> EmailMessage:
    """The notice of a candidate's question, which waits for staff; the candidate has had one message."""
    add_recruiter(office)
    office.letter(f"Re: {SUBJECT}", "А можно работать из дома?", answers=asked(office))
    office.pass_time(minutes=1)
    office.once()
    office.pass_time(minutes=1)
    return office.sent_to(RECRUITER)[-1]


def answer(office: Office, notice: EmailMessage, text: str, **more: str) -> None:
    """An answer to the notice by the first recruiter, and a pass."""
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    office.letter(f"Re: {notice['Subject']}", text, sender=RECRUITER, answers=notice, headers=headers)
    office.pass_time(minutes=1)
    office.once()


def waits_for(office: Office) -> str:
    (application,) = office.applications()
    return str(application["waits_for"])


#: What a recruiter may write above the line, and a word of the reason why it is not sent.
REFUSED = (
    ("/reject\n\nДобрый день, спасибо за интерес.", "/reject"),
    ("Добрый день!\n/move interview", "/move interview"),
    (f"{WORDS} Вопросы пишите на {RECRUITER}.", "внутренний адрес"),
    (f"{WORDS} Копия у n@up-advert.ru.", "внутренний адрес"),
    (f"{WORDS}\n\nЭтап: Уточняющие вопросы\nВакансия: Аккаунт-менеджер стажёр", "строка уведомления"),
    ("Как просили, сохраняю строку\n——— Пишите ответ выше этой строки ——— в письме.", "строка"),
    # Where nothing is new, the whole counts as the text: the line is in it.
    ("", "осталась строка"),
)


def test_what_must_not_reach_the_candidate_comes_back_with_the_reason(office: Office, notice: EmailMessage) -> None:
    sent = len(office.sent())
    for text, _ in REFUSED:
        office.letter(f"Re: {notice['Subject']}", plain(notice, text), sender=RECRUITER, answers=notice)
    office.pass_time(minutes=1)
    office.once()
    returned = office.sent()[sent:]
    assert [message["To"] for message in returned] == [RECRUITER] * len(REFUSED)
    for message, (_, reason) in zip(returned, REFUSED, strict=True):
        assert "Ваш ответ кандидату не отправлен" in message["Subject"]
        assert message["Auto-Submitted"] == "auto-replied"
        assert reason in text_of(message)
    # It answered nobody, so the clock runs on; and the notice may be answered again.
    assert waits_for(office) == "staff"
    answer(office, notice, plain(notice, WORDS))
    assert_relayed(office.sent_to(CANDIDATE)[-1], WORDS, notice, office.sent_to(CANDIDATE)[0])


def test_the_candidates_own_words_may_be_quoted_back_to_them(office: Office, notice: EmailMessage) -> None:
    answer(office, notice, plain(notice, "Вы спрашиваете: «А можно работать из дома?» Да, два дня в неделю."))
    assert "Да, два дня в неделю." in text_of(office.sent_to(CANDIDATE)[-1])


def test_a_forged_from_without_a_token_changes_nothing_and_is_asked_about_at_the_true_address(office: Office, notice: EmailMessage) -> None:
    sent = len(office.sent())
    office.letter(f"Re: {SUBJECT}", WORDS, sender=RECRUITER, answers=office.sent_to(CANDIDATE)[-1])
    office.letter("Мария Петрова", "/reject", sender=RECRUITER)
    office.pass_time(minutes=1)
    office.once()
    assert waits_for(office) == "staff"
    assert [message["To"] for message in office.sent()[sent:]] == [RECRUITER, RECRUITER]
    assert all("не принято" in message["Subject"] for message in office.sent()[sent:])


def test_a_token_counts_for_the_one_it_was_written_to_alone(office: Office, notice: EmailMessage) -> None:
    sent = len(office.sent())
    office.letter("Re: отклик", plain(notice, WORDS), sender=SECOND, answers=notice)
    office.letter("Re: отклик", plain(notice, WORDS), sender="Мошенник <thief@evil.example>", answers=notice)
    office.pass_time(minutes=1)
    office.once()
    assert waits_for(office) == "staff"
    to = [message["To"] for message in office.sent()[sent:]]
    assert CANDIDATE not in to
    assert "thief@evil.example" not in to
    assert to[0] == SECOND


def test_a_token_is_read_from_in_reply_to_and_references_alone(office: Office, notice: EmailMessage) -> None:
    before = len(office.sent_to(CANDIDATE))
    office.letter("Ответ", f"{WORDS}\n{notice['Message-ID']}", sender=RECRUITER, headers={"X-Token": notice["Message-ID"]})
    office.pass_time(minutes=1)
    office.once()
    assert len(office.sent_to(CANDIDATE)) == before
    # A server that rewrites Message-IDs leaves the References as they are.
    office.letter("Re: отклик", plain(notice, WORDS), sender=RECRUITER, headers={"References": f"{notice['References']} <x@ms.example>"})
    office.pass_time(minutes=1)
    office.once()
    assert_relayed(office.sent_to(CANDIDATE)[-1], WORDS, notice, office.sent_to(CANDIDATE)[0])


def test_an_expired_token_brings_a_fresh_notice_that_can_be_answered(office: Office, notice: EmailMessage) -> None:
    answer(office, notice, plain(notice, WORDS))
    before = len(office.sent_to(CANDIDATE))
    office.pass_time(days=100)
    answer(office, notice, plain(notice, "Мария, мы снова набираем, вам интересно?"))
    (fresh,) = (message for message in office.sent_to(RECRUITER) if "Уведомление устарело" in message["Subject"])
    assert fresh["Message-ID"] != notice["Message-ID"]
    assert len(office.sent_to(CANDIDATE)) == before
    answer(office, fresh, plain(fresh, "Мария, мы снова набираем, вам интересно?"))
    assert_relayed(office.sent_to(CANDIDATE)[-1], "Мария, мы снова набираем, вам интересно?", fresh, office.sent_to(CANDIDATE)[0])


def test_a_recruiters_out_of_office_is_no_answer(office: Office, notice: EmailMessage) -> None:
    sent = len(office.sent())
    answer(office, notice, "Я в отпуске до 8 декабря.", Auto_Submitted="auto-replied")
    answer(office, notice, "Я в отпуске до 8 декабря.", X_Autoreply="yes")
    assert len(office.sent()) == sent
    assert waits_for(office) == "staff"


def test_where_the_mail_server_authenticates_a_token_alone_is_not_enough(office: Office, notice: EmailMessage) -> None:
    text = office.config.read_text(encoding="utf-8")
    office.config.write_text(text.replace('authserv_id = ""', 'authserv_id = "mx.up-advert.ru"', 1), encoding="utf-8")
    before = len(office.sent_to(CANDIDATE))
    answer(office, notice, plain(notice, WORDS), Authentication_Results="mx.up-advert.ru; dmarc=fail header.from=up-advert.ru")
    answer(office, notice, plain(notice, WORDS + "."), Authentication_Results="mx.evil.example; dmarc=pass header.from=up-advert.ru")
    assert len(office.sent_to(CANDIDATE)) == before
    answer(office, notice, plain(notice, WORDS + ".."), Authentication_Results="mx.up-advert.ru; dmarc=pass header.from=up-advert.ru")
    assert WORDS + ".." in text_of(office.sent_to(CANDIDATE)[-1])
    assert waits_for(office) == "candidate"
