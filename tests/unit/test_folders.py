"""Which folder is the sent mail, the junk and the archive, by what the server says or by its name."""

from __future__ import annotations

import pytest

from mailbot.mail.folders import Listed, with_roles


def roles(*listed: Listed) -> dict[str, str]:
    return {folder.role: folder.name for folder in with_roles(listed) if folder.role != "other"}


def named(name: str, *attributes: str, delimiter: str = "/") -> Listed:
    return Listed(frozenset(attributes), delimiter, name)


def test_special_use_wins_over_a_usual_name() -> None:
    assert roles(named("Sent"), named("Gesendet", r"\HasNoChildren", r"\Sent")) == {"sent": "Gesendet"}


def test_attributes_are_compared_without_case() -> None:
    assert roles(named("X", r"\SENT"), named("Y", r"\junk"), named("Z", r"\Archive")) == {"sent": "X", "junk": "Y", "archive": "Z"}


@pytest.mark.parametrize(
    ("name", "delimiter"),
    [
        ("Sent", "/"),
        ("INBOX.Sent", "."),
        ("Inbox.Sent Items", "."),
        ("Sent Messages", "/"),
        ("sent", ""),
        ("Отправленные", "|"),
        ("INBOX/ОТПРАВЛЕННЫЕ", "/"),
        ("[Gmail]/Отправленные", "/"),
        ("[Gmail]/Sent Mail", "/"),
        ("[Google Mail]/Sent Mail", "/"),
    ],
)
def test_the_usual_names_of_sent_are_known(name: str, delimiter: str) -> None:
    assert roles(named("Other"), named(name, delimiter=delimiter)) == {"sent": name}


@pytest.mark.parametrize(("name", "role"), [("Спам", "junk"), ("Junk E-mail", "junk"), ("[Gmail]/Spam", "junk"), ("Архив", "archive")])
def test_junk_and_archive_are_known_too(name: str, role: str) -> None:
    assert roles(named(name)) == {role: name}


def test_a_folder_of_somebody_s_own_below_another_has_no_role() -> None:
    assert roles(named("Projects/Sent"), named("Архив/Спам")) == {}


def test_a_role_is_given_once_and_the_more_usual_name_wins() -> None:
    assert roles(named("Отправленные"), named("Sent Items"), named("Sent")) == {"sent": "Sent"}
    assert [folder.role for folder in with_roles([named("Отправленные"), named("Sent")])] == ["other", "sent"]


def test_the_inbox_is_known_in_any_case_and_keeps_its_role() -> None:
    assert roles(named("inbox", r"\Archive")) == {"inbox": "inbox"}


def test_what_can_not_be_opened_is_left_out() -> None:
    assert with_roles([named("[Gmail]", r"\Noselect"), named("Gone", r"\NonExistent"), named("Sent", r"\NOSELECT", r"\Sent")]) == ()
