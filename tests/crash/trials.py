"""Trials: one pass of mailbot from a saved moment of an office, stopped or hindered; then passes that nobody hinders.

with Bench(office, folder) as bench:              # a warm interpreter and an SMTP server of its own
    after = bench.trial(moment, point.order)      # what the world and the state folder look like afterwards
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self
from uuid import uuid4

from imap_server import ImapServer, Stored
from office import ROOT, Office
from servers import free_ports
from smtp_sink import SmtpServer, Transaction, running_smtp

from mailbot.records.journal import Journal
from mailbot.records.key import open_key

FOLDERS = ("INBOX", "Sent", "Junk")
#: When mailbot is started again after the pass in question: soon, and once what is tried again after five minutes is due.
RESTARTS = (timedelta(minutes=1), timedelta(minutes=12))
#: When it is started once more if a message is of unknown fate: it has then been looked for the last time.
LAST_LOOK = timedelta(minutes=90)


#: What is asked of the pass in question; see `warm.py`. "{place}" in it stands for the folder of the trial.
Order = Mapping[str, Any]
UNHINDERED: Order = MappingProxyType({})


@dataclass(frozen=True)
class Moment:
    """An office right before a pass: the time, the state folder, the Maildir."""

    name: str
    now: datetime
    state: Path
    maildir: Path
    mail: dict[str, list[Stored]]
    #: In every pass older letters since then are adopted, and answered; None: none are.
    adopt: datetime | None = None


@dataclass(frozen=True, order=True)
class Recovery:
    """How long it took until nothing changed any more: so many passes after the one in question, the last one so much later."""

    passes: int
    time: timedelta

    def __str__(self) -> str:
        return f"{self.passes} passes, {self.time // timedelta(minutes=1)} office minutes"


@dataclass(frozen=True)
class Aftermath:
    """What a trial left behind."""

    moment: Moment
    #: Of the pass in question, then of those that nobody hindered.
    statuses: tuple[int, ...]
    state: Path
    user: str
    log: str
    after: dict[str, list[Stored]]
    taken: tuple[Transaction, ...]
    recovery: Recovery
    #: How many of each system call or named step the pass made, where that was asked for.
    calls: dict[str, int] = field(default_factory=dict)


class Bench:
    """One warm interpreter, one SMTP server, one folder for trials."""

    def __init__(self, office: Office, folder: Path) -> None:
        self._office, self._folder = office, folder
        # The one that stands in the configuration, whoever else is looked at later.
        self._user = office.user
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True)
        self._sink: SmtpServer = self._stack.enter_context(running_smtp(port=free_ports(1)[0]))
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {"PYTHONPATH": str(ROOT)}
        self._warm = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("warm.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environ,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._warm.communicate()
        self._stack.close()

    def trial(self, moment: Moment, order: Order = UNHINDERED, *, keep: bool = False, here: bool = False, verb: str = "") -> Aftermath:
        """The pass in question as ordered, then the restarts. What it leaves is removed by `remove`.

        The mail stays if it is to be kept. With `here` the passes warm the interpreter; with a `verb` the first is a real process.
        """
        place = self._folder / uuid4().hex[:12]
        place.mkdir()
        user = self._restored(moment, place)
        imap = self._office.imap
        state = place / "state"
        statuses: list[int] = []
        standing: list[tuple[timedelta, object]] = []
        taken: list[Transaction] = []

        def passed(later: timedelta, status: int) -> None:
            statuses.append(status)
            standing.append((later, (status, _settled(state))))

        if verb:
            passed(timedelta(0), self._process(place, moment.now, order, verb))
        else:
            passed(timedelta(0), self._pass(place, moment, timedelta(0), order, here=here))
        taken += self._sink.settle()
        for later in RESTARTS:
            passed(later, self._pass(place, moment, later, here=here))
        taken += self._sink.settle()
        if any(each == "unknown" for each, _ in outbox(state).values()):
            for later in (LAST_LOOK, LAST_LOOK + timedelta(minutes=1)):
                passed(later, self._pass(place, moment, later))
            taken += self._sink.settle()
        text = (place / "log").read_text(encoding="utf-8", errors="replace")
        number = next(number for number, (_, each) in enumerate(standing) if each == standing[-1][1])
        aftermath = Aftermath(
            moment=moment,
            statuses=tuple(statuses),
            state=state,
            user=user,
            log=text,
            after=_mail(imap, user),
            taken=tuple(taken),
            recovery=Recovery(number, standing[number][0]),
            calls=_counted(place),
        )
        if not keep:
            shutil.rmtree(_home(imap, user))
        return aftermath

    def real(self, moment: Moment, verb: str, strace: tuple[str, ...], file: str) -> Aftermath:
        """A trial in which the real process is followed, with all its children, where they work on one file of the state."""
        return self.trial(moment, {"strace": ("-f", "-P", f"{{place}}/state/{file}", *strace)}, verb=verb)

    def counted(self, moment: Moment, calls: str, child: str = "") -> Aftermath:
        """A trial that nobody hinders, with the system calls of the pass or of its first child of a kind counted (`calls`: their names
        with commas between)."""
        strace = ("-qq", "-o", "{place}/calls", "-e", f"trace={calls}")
        return self.trial(moment, {"child": child, "child_strace": strace} if child else {"strace": strace})

    def counted_steps(self, moment: Moment) -> Aftermath:
        """A trial that nobody hinders, with the named steps of the pass counted."""
        return self.trial(moment, {"count": "{place}/steps"})

    def moment(
        self, name: str, now: datetime, state: Path, user: str, comes: Callable[[], object], adopt: datetime | None = None
    ) -> Moment:
        """Save an office as it stands, with what `comes` into the user's mailbox; the mailbox itself is then as before."""
        saved = self._folder / f"before-{name.replace(' ', '-')}"
        saved.mkdir()
        if state.exists():
            shutil.copytree(state, saved / "state")
        else:
            (saved / "state").mkdir(mode=0o700)
        home = _home(self._office.imap, user)
        # The first look makes the folders of a new user.
        _mail(self._office.imap, user)
        shutil.copytree(home, saved / "home-before")
        comes()
        shutil.copytree(home, saved / "home")
        mail = _mail(self._office.imap, user)
        shutil.rmtree(home)
        _owned(saved / "home-before", home)
        return Moment(name, now, saved / "state", saved / "home", mail, adopt)

    def _restored(self, moment: Moment, place: Path) -> str:
        """A fresh user with the mail of that moment, and beside it the state and a configuration for the two; the user's name."""
        user, office = self._office.imap.new_user(), self._office
        home = _home(office.imap, user)
        _owned(moment.maildir, home)
        shutil.copytree(moment.state, place / "state")
        text = office.config.read_text(encoding="utf-8").replace(self._user, user)
        text = text.replace(f"port = {office.smtp.port}\n", f"port = {self._sink.port}\n")
        text = text.replace(f'dir = "{office.folder / "state"}"', f'dir = "{place / "state"}"')
        (place / "config.toml").write_text(text, encoding="utf-8")
        (place / "config.toml").chmod(0o644)
        _under_another_name(place / "state", f"{user} {tomllib.loads(text)['imap']['host']}")
        return user

    def _process(self, place: Path, now: datetime, order: Order, verb: str) -> int:
        """The exit status of the real process, started by strace."""
        options = _placed(order["strace"], place)
        command = ["strace", *options, sys.executable, "-m", "mailbot", verb, "--config", str(place / "config.toml")]
        with (place / "log").open("a", encoding="utf-8") as log:
            return subprocess.run(command, env=self._office.environment(now), stdout=log, stderr=log, timeout=60, check=False).returncode

    def _pass(self, place: Path, moment: Moment, later: timedelta, order: Order = UNHINDERED, *, here: bool = False) -> int:
        whole = {
            "config": str(place / "config.toml"),
            "templates": str(ROOT / "templates"),
            "log": str(place / "log"),
            "now": (moment.now + later).isoformat(),
            "adopt": moment.adopt.isoformat() if moment.adopt else "",
            "here": here,
            "strace": [],
            **{name: _placed(what, place) for name, what in order.items()},
        }
        assert self._warm.stdin
        assert self._warm.stdout
        self._warm.stdin.write(json.dumps(whole) + "\n")
        self._warm.stdin.flush()
        answer = self._warm.stdout.readline()
        assert answer, "the warm interpreter has ended"
        return int(answer)


def remove(aftermath: Aftermath) -> None:
    """Clear away what a trial left on the disk."""
    shutil.rmtree(aftermath.state.parent)


def outbox(state: Path) -> dict[str, tuple[str, str]]:
    """intent -> (its state, for whom), as the journal says, read without mailbot."""
    found: dict[str, tuple[str, str]] = {}
    for line in lines(state / "outbox.jsonl"):
        if line["event"] == "planned":
            found[line["entry"]["id"]] = (line["entry"]["state"], line["entry"]["audience"])
        elif line["event"] in {"commit", "sent", "retry", "failed", "unknown", "held", "dropped"}:
            found[line["id"]] = (line["event"], found[line["id"]][1])
    return found


def lines(journal: Path) -> list[dict[str, Any]]:
    """The events of a journal; a torn last line is none."""
    whole = journal.read_bytes().rpartition(b"\n")[0] if journal.exists() else b""
    return [json.loads(line)["event"] for line in whole.splitlines()]


def _under_another_name(state: Path, mailbox: str) -> None:
    """Every trial has a user of its own, and the ledger would take that for another mailbox."""
    journal = Journal(state / "ledger.jsonl")
    if journal.path.exists():
        name = open_key(state).hash(mailbox)
        journal.rewrite([event | {"mailbox": name} if event["event"] == "mailbox" else event for event in journal.read()])


def _mail(imap: ImapServer, user: str) -> dict[str, list[Stored]]:
    return imap.folders(user, FOLDERS)


def _owned(saved: Path, home: Path) -> None:
    """Put a saved Maildir in a user's place."""
    shutil.copytree(saved, home)
    owner = home.parent.stat()
    for path in (home, *home.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)


def _home(imap: ImapServer, user: str) -> Path:
    assert imap.homes, "this server keeps no Maildirs"
    return imap.homes / user


def _settled(state: Path) -> object:
    """What a pass has to bring to its end: the fate of every message that goes out, and the verdict on every one that came."""
    verdicts = {
        (line["uidvalidity"], line["uid"])
        for line in lines(state / "ledger.jsonl")
        if line["event"] == "verdict" and line["folder"] == "INBOX"
    }
    return outbox(state), verdicts


def _placed(what: Any, place: Path) -> Any:
    """A part of an order with the folder of the trial in it."""
    if isinstance(what, str):
        return what.format(place=place)
    return [_placed(each, place) for each in what] if isinstance(what, list | tuple) else what


def _counted(place: Path) -> dict[str, int]:
    """How many of each call strace has written down, and how often each named step was counted."""
    calls, steps = place / "calls", place / "steps"
    counts: dict[str, int] = json.loads(steps.read_text()) if steps.exists() else {}
    for line in calls.read_text(errors="replace").splitlines() if calls.exists() else ():
        name, bracket, _ = line.partition("(")
        if bracket and name.isidentifier():
            counts[name] = counts.get(name, 0) + 1
    return counts
