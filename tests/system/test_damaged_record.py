"""A record that is not what was written: mailbot starts in safe mode, tells n@ once, and goes on when a person says so."""

from __future__ import annotations

from applicants import LETTER, SUBJECT, asked
from office import CANDIDATE, N, Office


def test_a_damaged_record_is_safe_mode_until_resume_and_the_same_damage_is_not_asked_about_again(office: Office) -> None:
    asked(office)
    (record,) = (office.folder / "state/applications").rglob("record.json")
    record.write_bytes(record.read_bytes().replace(b"questions", b"questionz", 1))
    office.letter(SUBJECT, LETTER, sender="new@mail.ru")
    office.pass_time(minutes=1)

    assert "safe mode" in office.once()
    assert office.sent_to("new@mail.ru") == []
    assert len(office.sent_to(N)) == 1
    assert "safe mode is over" in office.mailbot("resume")
    for _ in range(2):
        office.pass_time(minutes=1)
        assert "safe mode" not in office.once()

    assert len(office.sent_to("new@mail.ru")) == len(office.sent_to(CANDIDATE)) == 1
    assert len(office.sent_to(N)) == 1
