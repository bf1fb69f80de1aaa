"""An office for the system tests: mailbot as a real process, a candidate, a recruiter and n@, between two real servers.

    office = Office(tmp_path, dovecot, smtp_server)
    office.once()                                  # one pass of the real process, at the office's time
    with office.running() as daemon: ...           # the real daemon; SIGTERM at the end
    office.letter("Отклик", "…")                   # a candidate's letter into INBOX
    office.sent_to(CANDIDATE)                      # what the SMTP server has for that address, parsed

Time is moved from outside by libfaketime, with the monotonic clock left alone: `office.now = datetime(...)`.
"""

from __future__ import annotations

import email.policy
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from imap_server import ImapServer
from smtp_sink import SmtpServer

PERM = ZoneInfo("Asia/Yekaterinburg")
ROOT = Path(__file__).resolve().parent.parent
JOB = "job@up-advert.ru"
N = "n@up-advert.ru"
CANDIDATE = "maria.petrova@mail.ru"
RECRUITER = "anna@up-advert.ru"
#: Monday morning, office time; tests begin here unless they say otherwise. It lies in the past, because Dovecot takes no
#: INTERNALDATE later than the machine's own clock.
MONDAY = datetime(2025, 11, 24, 10, 30, tzinfo=PERM)


class Office:
    """One mailbox, one SMTP server, one state folder, one configuration."""

    def __init__(self, folder: Path, imap: ImapServer, smtp: SmtpServer, **changes: str) -> None:
        self.folder, self.imap, self.smtp = folder, imap, smtp
        self.user = imap.new_user()
        self.now = MONDAY
        #: How fast the office's time goes on while a process runs.
        self.speed = 1
        #: Where a running process reads its time from, if it is to be set while it runs: see `set_clock`.
        self.clock_file: Path | None = None
        #: What a process finds in its environment beside ours.
        self.environ: dict[str, str] = {}
        password = folder / "password"
        password.write_text(imap.password, encoding="utf-8")
        password.chmod(0o600)
        self.config = folder / "config.toml"
        self.config.write_text(_configuration(self, changes), encoding="utf-8")
        self.config.chmod(0o644)

    def letter(
        self,
        subject: str,
        text: str,
        *,
        sender: str = f"Мария Петрова <{CANDIDATE}>",
        answers: EmailMessage | None = None,
        at: datetime | None = None,
        headers: dict[str, str] | None = None,
        attach: tuple[str, bytes] | None = None,
        html: str = "",
        folder: str = "INBOX",
        to: str = JOB,
    ) -> EmailMessage:
        """Put a letter into the mailbox, arrived at the office's time; `answers` is the message that it replies to."""
        arrived = at or self.now
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, to, subject
        message["Date"] = format_datetime(arrived)
        message["Message-ID"] = make_msgid(domain="candidates.example")
        if answers is not None:
            message["In-Reply-To"] = answers["Message-ID"]
            message["References"] = f"{answers['References'] or ''} {answers['Message-ID']}".strip()
        for name, value in (headers or {}).items():
            message[name] = value
        if text or not html:
            message.set_content(text)
        if html:
            if text:
                message.add_alternative(html, subtype="html")
            else:
                message.set_content(html, subtype="html")
        if attach:
            message.add_attachment(attach[1], maintype="application", subtype="pdf", filename=attach[0])
        self.put(message.as_bytes(policy=email.policy.SMTP), at=arrived, folder=folder)
        return message

    def put(self, raw: bytes, *, at: datetime | None = None, folder: str = "INBOX") -> None:
        """Put a message as it is into a folder, arrived at the office's time."""
        self.imap.append(self.user, raw, at or self.now, folder)

    def pass_time(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def once(self, expect: int = 0, seconds: float = 120) -> str:
        """One pass of the real process at the office's time; what it printed."""
        return self.mailbot("once", expect=expect, seconds=seconds)

    def mailbot(self, *arguments: str, expect: int = 0, seconds: float = 120) -> str:
        """Run a verb in the real process at the office's time; what it printed. Fails the test on another exit status."""
        done = subprocess.run(
            self._command(*arguments), env=self._environment(), capture_output=True, text=True, timeout=seconds, check=False
        )
        assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def json(self, *arguments: str, expect: int = 0) -> Any:
        done = subprocess.run(
            self._command(*arguments, "--json"), env=self._environment(), capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    @contextmanager
    def running(self, *, faked: bool = True, ends: int = 0) -> Iterator[subprocess.Popen[str]]:
        """The real daemon; SIGTERM at the end if it still runs, and it must end as `ends` says.

        The office's time goes on from its start, unless not `faked`.
        """
        log = self.folder / "daemon.log"
        with log.open("a") as out:
            daemon = subprocess.Popen(
                self._command("run"), env=self._environment() if faked else dict(os.environ), stdout=out, stderr=out, text=True
            )
        try:
            yield daemon
        except BaseException:
            print(log.read_text())
            raise
        finally:
            daemon.send_signal(signal.SIGTERM)
            status = daemon.wait(timeout=30)
        assert status == ends, log.read_text()

    def logged(self, words: str, count: int = 1) -> str:
        """The daemon's log as soon as these words stand in it so often; fails the test if that takes too long."""
        log, deadline = self.folder / "daemon.log", time.monotonic() + 20
        while (text := log.read_text(encoding="utf-8")).count(words) < count:
            assert time.monotonic() < deadline, f"{words!r} does not stand {count} times in the log:\n{text}"
            time.sleep(0.02)
        return text

    def sent(self) -> list[EmailMessage]:
        """Everything the SMTP server took, in order, parsed."""
        return [_parsed(transaction.data) for transaction in self.smtp.transactions]

    def sent_to(self, address: str) -> list[EmailMessage]:
        """What the SMTP server took for one address; each transaction has exactly one recipient."""
        assert all(len(transaction.rcpt) == 1 for transaction in self.smtp.transactions)
        return [_parsed(transaction.data) for transaction in self.smtp.transactions if transaction.rcpt[0] == address]

    def applications(self) -> list[Any]:
        found: list[Any] = self.json("list")
        return found

    def _command(self, *arguments: str) -> list[str]:
        verb = arguments[0]
        # Fast time is no jump of the clock: libfaketime can not make the boottime clock as fast without the monotonic one.
        program = ["-m", "mailbot"] if self.speed == 1 else [str(ROOT / "tests/fast_mailbot.py")]
        return [sys.executable, *program, verb, "--config", str(self.config), *arguments[1:]]

    def set_clock(self, now: datetime) -> None:
        """Somebody sets the machine's clock, also that of a process that runs: its boottime clock goes on."""
        self.now = now
        self.clock_file = self.folder / "clock"
        fresh = self.folder / "clock.new"
        fresh.write_text(f"{(now - datetime.now(PERM)).total_seconds():+.0f}\n", encoding="ascii")
        fresh.replace(self.clock_file)

    def _time(self, stamp: str) -> dict[str, str]:
        if self.clock_file:
            return {"FAKETIME_TIMESTAMP_FILE": str(self.clock_file), "FAKETIME_NO_CACHE": "1"}
        return {"FAKETIME": f"{stamp} x{self.speed}" if self.speed > 1 else stamp}

    def _environment(self) -> dict[str, str]:
        return self.environment(self.now)

    def environment(self, now: datetime) -> dict[str, str]:
        """What a process of mailbot's finds around it at that time."""
        library = next((str(p) for p in Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), "")
        if not library:
            reason = "libfaketime is missing (Debian: apt-get install faketime)"
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
        stamp = now.astimezone(ZoneInfo("UTC")).strftime("@%Y-%m-%d %H:%M:%S")
        # Started hundreds of times, a process may keep what it has compiled.
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return (
            inherited
            | self.environ
            | {
                "LD_PRELOAD": library,
                **self._time(stamp),
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                # Files keep their true times: two processes at different times must see the same.
                "NO_FAKE_STAT": "1",
                "TZ": "UTC",
                "PYTHONPATH": str(ROOT),
            }
        )


@pytest.fixture
def office(tmp_path: Path, dovecot: ImapServer, smtp_server: SmtpServer) -> Office:
    """An office in which mailbot has met its empty mailbox a minute ago."""
    started = Office(tmp_path, dovecot, smtp_server)
    started.once()
    started.pass_time(minutes=1)
    return started


def text_of(message: EmailMessage) -> str:
    """The plain text of a message."""
    part = message.get_body(("plain",))
    assert part is not None
    text: str = part.get_content()
    return text


def _parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _configuration(office: Office, changes: dict[str, str]) -> str:
    """The shipped configuration with the servers of the test in it, and `changes`: key -> value, in TOML."""
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    servers = {"imap": (office.imap.port, office.user), "smtp": (office.smtp.port, "")}
    for table, (port, user) in servers.items():
        head, body, rest = re.split(rf"(?m)^(\[{table}\]\n)", text, maxsplit=1)[0:3]
        section, end = [*rest.split("\n[", 1), ""][:2]
        section = re.sub(r"(?m)^host = .*$", 'host = "127.0.0.1"', section)
        section = re.sub(r"(?m)^port = .*$", f"port = {port}", section)
        section = re.sub(r"(?m)^security = .*$", 'security = "none"', section)
        section = re.sub(r"(?m)^username = .*$", f'username = "{user}"', section)
        section = re.sub(r"(?m)^password_env = .*$", f'password_file = "{office.folder / "password"}"', section)
        text = f"{head}{body}{section}\n[{end}"
    text = text.replace("recruiter@example.org", RECRUITER).replace('"templates/assignments/', f'"{ROOT}/templates/assignments/')
    text = re.sub(r"(?m)^files_sent = .*$", "files_sent = false", text)
    text = re.sub(r'(?m)^dir = "state"$', f'dir = "{office.folder / "state"}"', text)
    for key, value in changes.items():
        text, count = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
        assert count, f"{key} does not stand in config.toml"
    return text


def forget_state(office: Office) -> None:
    """Lose the state folder, as a broken disk would."""
    shutil.rmtree(office.folder / "state")
