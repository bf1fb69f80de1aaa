"""A state that was restored from a backup: what mailbot has sent since then stands in Sent, and nobody is answered twice."""

from __future__ import annotations

import shutil

import pytest
from office import CANDIDATE, N, Office


def test_what_was_answered_after_the_backup_is_not_answered_again(office: Office) -> None:
    state = office.folder / "state"
    shutil.copytree(state, office.folder / "backup")
    office.letter("Отклик на вакансию Аккаунт-менеджер", "Хочу работать у вас аккаунт-менеджером.\n")
    office.once()
    shutil.rmtree(state)
    shutil.copytree(office.folder / "backup", state)
    office.pass_time(minutes=1)
    said = office.once()
    assert "safe mode" in said
    assert len(office.sent_to(CANDIDATE)) == 1
    assert any("Sent" in str(message["Subject"]) or "mailbot" in str(message["Subject"]) for message in office.sent_to(N))


def test_messages_to_staff_that_belong_to_no_application_are_known_in_sent_too(office: Office) -> None:
    office.letter("Счёт за ноябрь", "Во вложении счёт.\n", sender="Поставщик <bills@supplier.example>")
    for _ in range(3):
        office.once()
        office.pass_time(days=2)
    assert "safe" not in office.mailbot("status", expect=1)
    assert len(office.imap.messages(office.user, "Sent")) == len(office.sent())


@pytest.mark.parametrize(("name", "says"), [("ledger.jsonl", "damaged"), ("outbox.jsonl", "damaged"), ("key", "the key is missing")])
def test_a_damaged_journal_or_a_lost_key_sends_nobody_anything_and_is_said_in_words(office: Office, name: str, says: str) -> None:
    office.letter("Отклик на вакансию Аккаунт-менеджер", "Хочу работать у вас аккаунт-менеджером.\n")
    office.once()
    sent = len(office.sent())
    path = office.folder / "state" / name
    if name == "key":
        path.unlink()
    else:
        content = path.read_bytes()
        path.write_bytes(content[:9] + bytes([content[9] ^ 1]) + content[10:])
    damaged = {file: file.read_bytes() for file in (office.folder / "state").glob("*.jsonl")}
    office.letter("Отклик на вакансию Аккаунт-менеджер", "Хочу работать у вас.\n", sender="new@mail.ru")
    office.pass_time(days=5)
    said = office.once(expect=1)
    assert says in said
    assert "Traceback" not in said
    assert len(office.sent()) == sent
    assert {file: file.read_bytes() for file in damaged} == damaged
