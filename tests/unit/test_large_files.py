"""A disk that takes no more, for whoever runs the tests without root: a limit on the size of files is refused as a full disk is."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest
from hands import CANDIDATE, JOB, Hands, met

from mailbot.errors import Temporary

SMALL = 200_000


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Writing more raises EFBIG; Python ignores SIGXFSZ."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def large(hands: Hands) -> None:
    """A letter whose attachment alone is larger than that."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = CANDIDATE, JOB, "Отклик на вакансию «Аккаунт-менеджер стажёр»"
    message["Date"], message["Message-ID"] = format_datetime(hands.now), "<large@candidates.example>"
    message.set_content("Хочу у вас работать.\n")
    message.add_attachment(b"%PDF-1.4\n" + bytes(2 * SMALL), maintype="application", subtype="pdf", filename="cv.pdf")
    hands.put(message)


def test_a_letter_that_can_not_be_written_is_not_answered_and_is_taken_in_once_it_can_be(tmp_path: Path) -> None:
    hands = met(tmp_path)
    large(hands)
    with files_up_to(SMALL), pytest.raises(Temporary, match=r"File too large|larger than mailbot may write"):
        hands.turn()
    assert hands.submission.sent == []
    assert hands.cases() == []
    hands.reopen()
    hands.turn()
    assert len(hands.sent_to(CANDIDATE)) == 1
    assert len(hands.cases()) == 1
    hands.desk.close()


@pytest.mark.parametrize("name", ["ledger.jsonl", "outbox.jsonl"])
def test_a_journal_that_can_not_grow_stops_sending_and_nothing_is_lost_or_doubled(tmp_path: Path, name: str) -> None:
    hands = met(tmp_path)
    hands.letter("Отклик на вакансию «Аккаунт-менеджер стажёр»", "Хочу у вас работать.\n")
    path = hands.settings.state_dir / name
    longest = path.stat().st_size if path.exists() else 0
    for room in range(0, 2000, 400):
        with files_up_to(longest + room), pytest.raises(Temporary, match="larger than mailbot may write"):
            hands.turn()
        hands.reopen()
    for _ in range(2):
        hands.turn()
        hands.pass_time(minutes=1)
    assert len(hands.sent_to(CANDIDATE)) == 1
    assert len(hands.cases()) == 1
    hands.desk.close()
