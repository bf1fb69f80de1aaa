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


@pytest.mark.parametrize("name", ["ledger.jsonl", "outbox.jsonl"])
def test_a_damaged_journal_is_set_aside_and_is_safe_mode_until_resume(office: Office, name: str) -> None:
    office.letter("Отклик на вакансию Аккаунт-менеджер", "Хочу работать у вас аккаунт-менеджером.\n")
    office.once()
    path = office.folder / "state" / name
    content = path.read_bytes()
    damaged = content[:9] + bytes([content[9] ^ 1]) + content[10:]
    path.write_bytes(damaged)
    office.letter("Отклик на вакансию Аккаунт-менеджер", "Хочу работать у вас.\n", sender="new@mail.ru")
    office.pass_time(minutes=1)
    said = office.once()
    assert f"{name} was damaged" in said
    assert "safe mode" in said
    assert "Traceback" not in said
    (evidence,) = path.parent.glob(f"{name}.corrupt-*")
    assert evidence.read_bytes() == damaged
    assert office.sent_to("new@mail.ru") == []
    assert len(office.applications()) == 2
    (alarm,) = office.sent_to(N)
    assert evidence.name in alarm.get_content().replace("\n", " ")
    assert "safe mode is over" in office.mailbot("resume")
    for _ in range(2):
        office.pass_time(minutes=1)
        office.once()
    assert len(office.sent_to("new@mail.ru")) == len(office.sent_to(CANDIDATE)) == 1
    assert len(office.sent_to(N)) == 1


@pytest.mark.parametrize(("name", "content", "says"), [("key", b"", "the key is missing"), ("key", b"short", "the key is damaged")])
def test_a_lost_key_is_refused_and_n_is_told_once_a_day(office: Office, name: str, content: bytes, says: str) -> None:
    office.letter("Отклик на вакансию Аккаунт-менеджер", "Хочу работать у вас аккаунт-менеджером.\n")
    office.once()
    path = office.folder / "state" / name
    key = path.read_bytes()
    path.unlink()
    if content:
        path.touch(0o600)
        path.write_bytes(content)
    journals = {file: file.read_bytes() for file in path.parent.glob("*.jsonl")}
    office.letter("Отклик на вакансию Аккаунт-менеджер", "Хочу работать у вас.\n", sender="new@mail.ru")
    sent = len(office.sent())
    for _ in range(3):
        office.pass_time(minutes=5)
        said = office.once(expect=1)
        assert says in said
        assert "Restore the key from a backup of this state. To begin anew on purpose" in said
        assert "Traceback" not in said
    (alarm,) = office.sent_to(N)
    assert says in alarm.get_content().replace("\n", " ")
    assert len(office.sent()) == sent + 1
    assert {file: file.read_bytes() for file in journals} == journals
    office.pass_time(days=1)
    office.once(expect=1)
    assert len(office.sent_to(N)) == 2
    path.unlink(missing_ok=True)
    path.touch(0o600)
    path.write_bytes(key)
    office.pass_time(minutes=1)
    office.once()
    office.pass_time(minutes=1)
    office.once()
    assert len(office.sent_to("new@mail.ru")) == len(office.sent_to(CANDIDATE)) == 1


def test_the_state_of_a_newer_mailbot_is_refused_and_n_is_told(office: Office) -> None:
    (office.folder / "state" / "version").write_text("9\n", encoding="ascii")
    office.letter("Отклик на вакансию Аккаунт-менеджер", "Хочу работать у вас аккаунт-менеджером.\n")
    for _ in range(2):
        office.pass_time(minutes=5)
        assert "written by a newer mailbot (schema 9; this one knows 2). Nothing was changed" in office.once(expect=1)
    assert [message["To"] for message in office.sent()] == [N]
    assert "written by a newer mailbot" in office.mailbot("status", expect=1)
    assert "written by a newer mailbot" in office.mailbot("check", expect=2)
    assert (office.folder / "state" / "version").read_text(encoding="ascii") == "9\n"
