"""The last word of a mailbot that can not start: n@ is told by SMTP, past a state folder that can not be used."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path

from mailbot.codec import instant, instant_text
from mailbot.config import Settings
from mailbot.errors import MailbotError
from mailbot.hiring.actions import Send
from mailbot.hiring.moment import Moment
from mailbot.hiring.process import on_alarm
from mailbot.hiring.worktime import worktime
from mailbot.mail.compose import Envelope, Templates, write
from mailbot.mail.smtp import Submission
from mailbot.records.files import write_atomically
from mailbot.tasks.accounts import way_out

#: So long n@ is not told again, however often the service is restarted.
_ONCE_IN = timedelta(days=1)
#: Nor is it tried again so soon after the server did not take it.
_TRIED_AGAIN = timedelta(hours=1)

log = logging.getLogger(__name__)


def tell(settings: Settings, environ: Mapping[str, str], problem: MailbotError, now: datetime) -> None:
    """Given why mailbot can not start, tell n@, at most once a day. Nothing is raised: what ends the process is the problem itself.

    When it was told stands in the state folder; where not even that can be written, nothing is sent, for a service that is restarted for
    ever would send for ever.
    """
    mark = settings.state_dir / "alarm"
    try:
        if abs(now - _told(mark)) < _ONCE_IN:
            return
        write_atomically(mark, instant_text(now).encode("ascii"))
        outcome = _send(settings, environ, str(problem), now)
        if outcome in ("retry", "failed"):
            write_atomically(mark, instant_text(now - _ONCE_IN + _TRIED_AGAIN).encode("ascii"))
        log.error("an alarm to n@: %s", outcome)
    except (MailbotError, OSError) as trouble:
        log.error("n@ could not be told: %s", trouble)


def _told(mark: Path) -> datetime:
    """When n@ was told last; long ago for never."""
    with suppress(FileNotFoundError, ValueError):
        return instant(mark.read_text(encoding="ascii"))
    return instant("1970-01-01T00:00:00Z")


def _send(settings: Settings, environ: Mapping[str, str], reason: str, now: datetime) -> str:
    """What became of it. Raise ConfigProblem without a password."""
    company = settings.company
    calendar = worktime(company.office)
    (alarm,) = on_alarm(reason, "start", Moment(company, calendar, now)).actions
    assert isinstance(alarm, Send)
    rendered = Templates(settings.templates_dir, calendar.zone).render(alarm.language, alarm.template, alarm.facts)
    job, n = company.job, alarm.to
    envelope = Envelope(
        sender_name=company.name,
        sender=job,
        to=n,
        # Not of the form that a working mailbot gives: without the state nobody could know it again.
        message_id=f"<mailbot.{secrets.token_hex(16)}@{job.rpartition('@')[2]}>",
        date=calendar.local(now),
        subject=rendered.subject,
        auto_submitted=alarm.auto_submitted,
        in_reply_to="",
        references=(),
        mark="",
    )
    with closing(Submission(way_out(settings, environ))) as submission:
        return submission.send(write(envelope, rendered.text, rendered.html), job, n, lambda: None).state
