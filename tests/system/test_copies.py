"""The same letter seen twice is one message of one application, however the second one comes."""

from __future__ import annotations

import email.policy
from pathlib import Path

from applicants import ANSWERS, LETTER, SUBJECT, asked
from office import CANDIDATE, JOB, RECRUITER, N, Office
from servers import ImapServer, SmtpServer


def messages_in(office: Office) -> list[str]:
    """The kinds of what came in, as the one application has them."""
    (application,) = office.applications()
    return [message["kind"] for message in office.json("show", application["reference"])["messages"] if message["direction"] == "in"]


def test_a_letter_that_comes_under_another_uid_or_to_both_addresses_or_through_another_server_is_one(office: Office) -> None:
    letter = office.letter(SUBJECT, LETTER, headers={"Cc": N})
    raw = letter.as_bytes(policy=email.policy.SMTP)
    office.put(raw)
    # Each delivery writes its own lines above.
    office.put(b"Received: from mx2.up-advert.ru by imap; Mon, 24 Nov 2025 10:31:05 +0500\r\n" + raw)
    office.put(f"Delivered-To: {N}\r\n".encode() + raw)
    office.pass_time(minutes=1)
    office.once()
    office.put(raw)
    office.pass_time(minutes=1)
    office.once()
    office.once()
    assert [message["To"] for message in office.sent()] == [CANDIDATE, RECRUITER]
    assert messages_in(office) == ["application"]
    assert len(office.imap.messages(office.user)) == 5


def test_a_letter_that_a_person_moves_away_and_back_is_no_news(office: Office) -> None:
    asked(office)
    (stored,) = office.imap.messages(office.user)
    office.imap.expunge(office.user, stored.uid)
    office.once()
    office.put(stored.raw)
    office.pass_time(minutes=1)
    office.once()
    assert len(office.sent()) == 2
    assert messages_in(office) == ["application"]


def test_a_letter_that_is_gone_before_it_was_read_costs_the_others_nothing(office: Office) -> None:
    office.letter(SUBJECT, LETTER, sender="first@mail.ru")
    office.letter(SUBJECT, LETTER, sender="second@mail.ru")
    office.letter(SUBJECT, LETTER, sender="third@mail.ru")
    office.imap.expunge(office.user, office.imap.messages(office.user)[1].uid)
    office.pass_time(minutes=1)
    office.once()
    assert [message["To"] for message in office.sent() if message["To"] != RECRUITER] == ["first@mail.ru", "third@mail.ru"]


def test_a_folder_that_was_made_anew_with_the_same_letters_is_read_again_and_nobody_answered_twice(
    tmp_path: Path, dovecot: ImapServer, smtp_server: SmtpServer
) -> None:
    office = Office(tmp_path, dovecot, smtp_server, folders='["Letters"]')
    dovecot.create_folder(office.user, "Letters")
    office.once()
    office.pass_time(minutes=1)
    office.letter(SUBJECT, LETTER, folder="Letters")
    office.pass_time(minutes=1)
    office.once()
    (letter,) = dovecot.messages(office.user, "Letters")
    with dovecot.login(office.user) as session:
        assert session.delete("Letters")[0] == "OK"
    dovecot.create_folder(office.user, "Letters")
    office.put(letter.raw, folder="Letters")
    office.letter(f"Re: {SUBJECT}", ANSWERS, answers=office.sent_to(CANDIDATE)[-1], folder="Letters")
    office.letter(SUBJECT, LETTER, sender="someone@mail.ru", folder="Letters")
    # What was old at first contact stays old under whatever UID it comes.
    office.letter(SUBJECT, LETTER, sender="old@mail.ru", at=office.now.replace(day=10), folder="Letters")
    office.pass_time(minutes=1)
    assert "renumbered" in office.once()
    office.once()
    # The questions once, then the test; and the one who is new got the questions.
    assert [message["To"] for message in office.sent() if message["To"] != RECRUITER] == [CANDIDATE, CANDIDATE, "someone@mail.ru"]
    assert len(office.applications()) == 2


def test_two_people_with_the_very_same_words_are_two_applications(office: Office) -> None:
    for address in ("one@mail.ru", "two@mail.ru"):
        office.letter("Резюме", "Добрый день, прошу рассмотреть моё резюме на вакансию аккаунт-менеджера.", sender=address, to=JOB)
    office.pass_time(minutes=1)
    office.once()
    assert {application["addresses"][0] for application in office.applications()} == {"one@mail.ru", "two@mail.ru"}


def test_a_copy_of_our_own_letter_in_inbox_is_ours_and_nothing_follows_from_it(office: Office) -> None:
    asked(office)
    for transaction in office.smtp.transactions:
        office.put(transaction.data)
    office.put(b"Received: by mx.up-advert.ru; Mon, 24 Nov 2025 10:32:05 +0500\r\n" + office.smtp.transactions[0].data)
    office.pass_time(minutes=1)
    office.once()
    assert len(office.sent()) == 2
    assert messages_in(office) == ["application"]
