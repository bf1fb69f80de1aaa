"""The mail of a mailbot that can not start: at most one a day, and none where it could not be remembered."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from fakes import FakeSubmission
from hands import MONDAY, Hands, N

from mailbot.errors import Permanent
from mailbot.mail.smtp import Outcome
from mailbot.service import alarm

PROBLEM = Permanent("state/key: the key is missing")


@pytest.fixture
def submission(monkeypatch: pytest.MonkeyPatch) -> FakeSubmission:
    fake = FakeSubmission()
    monkeypatch.setattr(alarm, "way_out", lambda settings, environ: None)
    monkeypatch.setattr(alarm, "Submission", lambda account: fake)
    return fake


@pytest.fixture
def told(tmp_path: Path) -> Callable[[timedelta], None]:
    """A start that fails so long after Monday morning."""
    hands = Hands(tmp_path)
    hands.desk.close()
    return lambda later: alarm.tell(hands.settings, {}, PROBLEM, MONDAY + later)


def test_n_is_told_once_a_day_however_often_it_is_restarted(submission: FakeSubmission, told: Callable[[timedelta], None]) -> None:
    for minutes in range(0, 24 * 60, 5):
        told(timedelta(minutes=minutes))
    (sent,) = submission.sent
    assert sent.recipient == N
    message = email.message_from_bytes(sent.raw, policy=email.policy.default)
    assert "the key is missing" in message.get_content()
    assert message["Auto-Submitted"] == "auto-generated"
    told(timedelta(days=1))
    assert len(submission.sent) == 2
    # Set back: it was a day ago by no clock.
    told(timedelta(hours=12))
    assert len(submission.sent) == 2


def test_what_the_server_did_not_take_is_tried_again_after_an_hour(submission: FakeSubmission, told: Callable[[timedelta], None]) -> None:
    submission.script(Outcome("retry", None, "no server"))
    for minutes in range(0, 60, 5):
        told(timedelta(minutes=minutes))
    assert submission.sent == []
    told(timedelta(minutes=60))
    assert len(submission.sent) == 1


def test_what_may_have_gone_out_is_not_sent_again(submission: FakeSubmission, told: Callable[[timedelta], None]) -> None:
    submission.script(Outcome("unknown", None, "the connection broke"))
    told(timedelta())
    told(timedelta(hours=2))
    assert len(submission.sent) == 1


def test_nothing_is_sent_where_it_can_not_be_remembered(
    submission: FakeSubmission, told: Callable[[timedelta], None], tmp_path: Path
) -> None:
    # A folder of that name can not be replaced by a file, not even by root.
    (tmp_path / "state" / "alarm").mkdir()
    told(timedelta())
    told(timedelta(days=2))
    assert submission.sent == []
