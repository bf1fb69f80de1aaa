"""The real process and a letter that nobody left in INBOX: it is found, wherever it was put before mailbot could read it."""

from __future__ import annotations

from datetime import timedelta

from applicants import LETTER, SUBJECT
from office import CANDIDATE, RECRUITER, Office, text_of


def test_a_letter_that_a_filter_put_into_the_archive_is_answered_once_and_one_that_was_read_and_moved_is_no_news(office: Office) -> None:
    office.imap.create_folder(office.user, "Archive")
    office.letter(SUBJECT, LETTER, folder="Archive")
    office.letter(SUBJECT, LETTER, sender="old@mail.ru", folder="Archive", at=office.now - timedelta(days=3))
    read = office.letter(SUBJECT, LETTER, sender="read@mail.ru")
    office.pass_time(minutes=1)
    office.once()
    office.put(read.as_bytes(), folder="Archive")
    office.pass_time(hours=2)
    office.once()

    assert [len(office.sent_to(address)) for address in (CANDIDATE, "read@mail.ru", "old@mail.ru")] == [1, 1, 0]
    assert len(office.applications()) == 2
    assert all(not stored.flags for stored in office.imap.messages(office.user, "Archive"))


def test_junk_is_a_number_in_the_digest_and_what_is_moved_out_of_it_is_answered(office: Office) -> None:
    letter = office.letter(SUBJECT, LETTER, folder="Junk")
    office.letter("Скидки", "Только сегодня!", sender="job@up-advert.ru", folder="Junk")
    office.pass_time(minutes=1)
    office.once()
    assert office.sent() == []
    assert office.applications() == []

    office.put(letter.as_bytes())
    office.pass_time(minutes=1)
    office.once()
    assert len(office.sent_to(CANDIDATE)) == 1

    office.pass_time(days=1)
    office.once()
    (digest,) = [text_of(message) for message in office.sent_to(RECRUITER) if "Сводка" in message["Subject"]]
    assert "В папке «Спам» или с её признаками: 2." in digest
