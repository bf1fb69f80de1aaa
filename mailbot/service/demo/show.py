"""The show: lets office time run and people write, tells what happens, and compares the end with what the story demands."""

from __future__ import annotations

import io
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console

from mailbot.errors import MailbotError, Permanent, Temporary
from mailbot.service.demo.home import Home, new_home
from mailbot.service.demo.office import Office, running
from mailbot.service.demo.onlooker import FOLDERS
from mailbot.service.demo.outcome import other_differences, outcomes
from mailbot.service.demo.people import perform
from mailbot.service.demo.screen import Screen
from mailbot.service.demo.servers import SENT
from mailbot.service.demo.story import ESCALATION, JOB, RECRUITER, Act, Story
from mailbot.service.demo.timeline import Timeline

#: What has not happened after so many seconds will not happen: a letter takes less than one (measured).
_PATIENCE = 30.0
#: Between two looks, in seconds.
_LOOK = 0.05


@dataclass(frozen=True, slots=True)
class Tempo:
    """How much time people are given, in seconds."""

    #: To read what a letter has led to.
    reading: float
    #: For an hour of office time in which nothing happens, and at most for one stretch of it.
    hour: float
    stretch: float


_FOR_PEOPLE, _FAST = Tempo(0.9, 0.07, 0.8), Tempo(0.0, 0.0, 0.0)


def show(story: Story, *, keep: bool, fast: bool) -> int:
    """Show a story and return the exit status, as `demo` says."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that knows no Cyrillic shows question marks; that is no reason to end.
        sys.stdout.reconfigure(errors="replace")
    screen = Screen(Console(highlight=False, emoji=False, markup=False))
    home = new_home()
    as_told = None
    try:
        with running(home, story.starts) as office:
            player = _Player(screen, office, _FAST if fast else _FOR_PEOPLE)
            player.play(story)
            as_told = _compare(screen, office, story)
            if keep:
                screen.logins(office.servers, _people(story))
                player.stay()
    except KeyboardInterrupt:
        screen.say("\nstopped")
        if as_told is None:
            shutil.rmtree(home.folder, ignore_errors=True)
            return 130
    except SystemExit:
        # So rich ends when whoever read our output has gone.
        shutil.rmtree(home.folder, ignore_errors=True)
        return 1
    except (MailbotError, OSError) as problem:
        screen.say(f"\nThe demo failed: {problem}", "bold red")
    if not as_told:
        screen.path(f"What the daemon said:   {home.log}\nWhat the servers said:  {home.server_log}")
    return 0 if as_told else 1


class _Player:
    """Plays a story in an office, and tells what happens there."""

    def __init__(self, screen: Screen, office: Office, tempo: Tempo) -> None:
        self.screen, self.office, self.tempo = screen, office, tempo
        self.timeline = Timeline(office.onlooker)
        self.local = office.onlooker.worktime.local

    def play(self, story: Story) -> None:
        """Play it to its end. Raise Permanent or Temporary, in words, if it does not go on."""
        self.screen.introduction(self.office.servers, self.office.home, len(story.endings))
        with self.screen.live():
            self._until(self.office.onlooker.has_met, "the daemon has met its mailbox")
            for act in story.acts:
                self._travel(act.at)
                self._perform(act)
            self._travel(story.ends)
            self._settle("the last letters are handled", FOLDERS)

    def stay(self) -> None:
        """Leave everything up, and go on telling, until Ctrl-C."""
        self.office.clock.follow(1.0)
        self.screen.say("\nServers and daemon stay up; what you write is told here. Ctrl-C ends it.", "bold")
        with self.screen.live():
            while self.office.daemon.poll() is None:
                self._tell("waiting for letters")
                time.sleep(_LOOK)

    def _perform(self, act: Act) -> None:
        perform(act, self.office.servers, self.office.clock())
        self._settle(f"the letter of {act.writer.name} is handled", FOLDERS if act.answers == "candidate" else ("INBOX",))
        self._pause(self.tempo.reading)

    def _travel(self, to: datetime) -> None:
        """Let office time reach `to`, with a stop at every opening: then the daemon has its morning's work to do."""
        calendar, clock = self.office.onlooker.worktime, self.office.clock
        day = self.local(clock()).date()
        while (opening := calendar.opening(calendar.working_day_after(day, 1))) < to:
            self._stretch(opening)
            self._settle("the morning's work is done", ("INBOX",))
            self._pause(self.tempo.reading)
            day = opening.date()
        self._stretch(to)

    def _stretch(self, to: datetime) -> None:
        clock = self.office.clock
        hours = (to - clock()).total_seconds() / 3600
        clock.travel(to, min(hours * self.tempo.hour, self.tempo.stretch))
        self._until(lambda: clock() >= to, f"it is {to:%H:%M}")

    def _settle(self, words: str, folders: tuple[str, ...]) -> None:
        self._until(lambda: self.office.onlooker.is_quiet(self.office.clock(), folders), words)
        # What was written down while we looked.
        self._tell("")

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._tell("")
            time.sleep(_LOOK)

    def _until(self, happened: Callable[[], bool], words: str) -> None:
        end = time.monotonic() + _PATIENCE
        while not happened():
            if self.office.daemon.poll() is not None:
                raise Permanent(f"the daemon has ended with {self.office.daemon.returncode}")
            if time.monotonic() > end:
                raise Temporary(f"after {_PATIENCE:.0f} seconds it is still not so that {words}")
            self._tell(f"waiting until {words}")
            time.sleep(_LOOK)

    def _tell(self, doing: str) -> None:
        now = self.office.clock()
        closed = "" if self.office.onlooker.worktime.is_open(now) else "the office is closed"
        self.screen.clock(self.local(now), ", ".join(filter(None, (closed, doing))))
        for line in self.timeline.news():
            self.screen.line(line, self.local)


def _compare(screen: Screen, office: Office, story: Story) -> bool:
    """Show how it ended; True if that is what the story demands."""
    found, other = outcomes(story, office.onlooker), other_differences(story, office.onlooker)
    screen.applications(found, office.onlooker, office.home)
    for difference in other:
        screen.say(f"✗ {difference}", "bold red")
    wrong = len(other) + sum(len(outcome.differences) for outcome in found)
    if wrong:
        screen.say(f"\n{wrong} outcomes are not what the story demands.", "bold red")
    else:
        count = len(office.servers.taken)
        screen.say(f"\nAll as it should be: {count} messages went out, and each stands once in {SENT}.", "bold green")
    _where(screen, office.home)
    return not wrong


def _where(screen: Screen, home: Home) -> None:
    called = sys.argv[0]
    program = called if Path(called).name == "mailbot" and shutil.which("mailbot") != called else "mailbot"
    screen.path(f"Look further:  {program} list --config {home.config}\nTidy up:       rm -r {home.folder}")


def _people(story: Story) -> list[tuple[str, str]]:
    """Whose mailboxes there are to log in to."""
    staff = [(JOB, "what mailbot reads"), (RECRUITER.address, f"{RECRUITER.name}, recruiter"), (ESCALATION, "escalations")]
    return staff + [(ending.candidate.address, ending.candidate.name) for ending in story.endings]
