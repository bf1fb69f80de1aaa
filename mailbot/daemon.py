"""The daemon: one loop that waits for mail and does what is due, told by systemd when to stop and when to read its configuration anew."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import schedule

from mailbot.config import Settings
from mailbot.errors import ConfigProblem, MailbotError, Permanent, Temporary
from mailbot.hiring.process import on_alarm
from mailbot.mail import imap, smtp
from mailbot.pause import pause
from mailbot.records.files import Lock
from mailbot.service import systemd
from mailbot.service.alarm import tell
from mailbot.service.errands import run_errands
from mailbot.service.health import this_process
from mailbot.service.signals import Signals, Stop, handled
from mailbot.tasks.accounts import way_in, way_out
from mailbot.tasks.carry import carry_out
from mailbot.tasks.clocks import Boottime, Clock, boottime
from mailbot.tasks.desk import Desk
from mailbot.tasks.start import compact, start
from mailbot.tasks.watch import LOGIN_PAUSE, Watch

#: Pauses between two tries to reach the mailbox, in seconds: growing, and jittered so that many do not come at once. A server that is
#: back is found within ten minutes, connecting included.
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 540.0
#: How often the sweep looks for what is due, in seconds.
_SWEEP = 30
#: n@ gets an alarm when the mailbox could not be read for so many working hours.
_ALARM_HOURS = 1.0

log = logging.getLogger(__name__)


def system_clock() -> datetime:
    """The present instant, aware."""
    return datetime.now(UTC)


def open_watch(desk: Desk, environ: Mapping[str, str]) -> Watch:
    """Given a desk and where the secrets are, return a watch that is not connected yet. Raise ConfigProblem without a secret."""
    return Watch(
        desk=desk,
        mailbox=imap.Mailbox(way_in(desk.settings, environ)),
        submission=smtp.Submission(way_out(desk.settings, environ)),
        between=lambda: None,
    )


def once(
    settings: Settings, environ: Mapping[str, str], clock: Clock = system_clock, besides: Callable[[Watch], None] = lambda watch: None
) -> None:
    """One full pass: read, decide, send, remind; `besides` once all is read. Raise ConfigProblem, Temporary or Permanent, in words."""
    with Lock(settings.state_dir):
        desk = _started(settings, environ, clock, boottime)
        watch = open_watch(desk, environ)
        try:
            watch.connect()
            watch.read()
            besides(watch)
            watch.work()
        finally:
            watch.close()
            desk.close()


def run(
    load: Callable[[], Settings],
    environ: Mapping[str, str],
    clock: Clock = system_clock,
    boottime: Boottime = boottime,
    sweep_seconds: int = _SWEEP,
) -> None:
    """The daemon until SIGTERM or SIGINT. `load` reads the configuration, at start and at every SIGHUP.

    `sweep_seconds`, on the monotonic clock, lie between two looks for what is due.

    Raise ConfigProblem for a configuration that can not be used, Temporary if another daemon runs, Permanent for
    damaged state. A mailbox or server that can not be reached ends nothing: it is tried again.
    """
    settings = load()
    started = clock()
    with Lock(settings.state_dir), handled() as signals:
        desk = _started(settings, environ, clock, boottime)
        desk.requests.clear_answers()
        watch = open_watch(desk, environ)
        try:
            while not signals.stop:
                desk, watch = _reloaded(load, environ, desk, watch, signals)
                _Loop(desk, watch, signals, sweep_seconds, started).run()
        except Stop:
            pass
        finally:
            systemd.notify("STOPPING=1")
            watch.close()
            desk.close()
    log.info("stopped")


def _started(settings: Settings, environ: Mapping[str, str], clock: Clock, boottime: Boottime) -> Desk:
    """The desk of this process; where the state can not be used, n@ is told before that is raised."""
    try:
        return start(settings, clock, boottime)
    except MailbotError as problem:
        tell(settings, environ, problem, clock())
        raise


def _reloaded(load: Callable[[], Settings], environ: Mapping[str, str], desk: Desk, watch: Watch, signals: Signals) -> tuple[Desk, Watch]:
    """The desk and watch of the configuration as it is now; those of before where it can not be used."""
    if not signals.reload:
        return desk, watch
    signals.reload = False
    systemd.notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
    try:
        settings = load()
        if settings.state_dir != desk.settings.state_dir:
            raise Permanent("state.dir: it can not change while mailbot runs; restart it")
        fresh = desk.configured(settings)
        renewed = open_watch(fresh, environ)
    except (ConfigProblem, Permanent) as problem:
        log.error("the configuration was not taken over, the one before stays: %s", problem)
        return desk, watch
    watch.close()
    log.info("the configuration was taken over")
    return fresh, renewed


class _Loop:
    """The loop over one configuration: it ends when a stop or another configuration is asked for."""

    def __init__(self, desk: Desk, watch: Watch, signals: Signals, sweep_seconds: int, started: datetime) -> None:
        self.desk, self.watch, self.signals = desk, watch, signals
        self.pulse = this_process(started, watch)
        watch.between = self._between
        self.pause = _FIRST_PAUSE
        self.ready = False
        self.caught_up = False
        self.unread_since = desk.clock()
        self.alarmed = False
        self.read_due = True
        self.work_due = True
        # Often, so that nearly all of the watchdog's time is left for one message: its attachments and a slow server's replies.
        self.beat = systemd.watchdog_seconds() / 10 if systemd.watchdog_seconds() else 0.0
        self.beaten = 0.0
        self.jobs = schedule.Scheduler()
        self.jobs.every(desk.settings.imap.poll_seconds).seconds.do(_guarded(self._want_reading))
        self.jobs.every(sweep_seconds).seconds.do(_guarded(self._want_work))
        self.jobs.every(1).hours.do(_guarded(lambda: compact(desk)))

    def run(self) -> None:
        while not (self.signals.stop or self.signals.reload):
            try:
                self._turn()
            except Stop:
                raise
            except Permanent as problem:
                # Whatever the jitter makes of it, no sooner than that.
                self._recede(problem, 2 * LOGIN_PAUSE)
            except MailbotError as problem:
                self._recede(problem, self.pause)
            except Exception as bug:
                # It would end the next process as well; here at least everything else goes on.
                log.exception("a bug")
                self._recede(Temporary(f"mailbot failed ({type(bug).__name__})"), self.pause)

    def _turn(self) -> None:
        if not self.watch.connected:
            self.watch.connect()
            self.read_due = True
            # A long backlog is no reason for systemd to give up on the start.
            self._is_ready("reading the mailbox")
        self.work_due |= run_errands(self.desk, self.pulse)
        if self.read_due:
            self.watch.read()
            self.read_due, self.work_due = False, True
            self._has_been_read()
        if self.work_due:
            self.watch.work()
            self.work_due = False
        if self.watch.wait(self.desk.settings.imap.poll_seconds, self._wanted):
            self.watch.read_inbox()
            self._has_been_read()
            self.work_due = True
        elif not self._wanted():
            # `schedule` goes by the wall clock, which may have been set back.
            self.read_due = True

    def _wanted(self) -> bool:
        """Asked several times a second while waiting: is there anything else to do?"""
        self._live()
        return self.signals.stop or self.signals.reload or self.read_due or self.work_due or bool(self.desk.requests.waiting())

    def _between(self) -> None:
        """Between two messages of a long reading or sending: systemd and the verbs hear of us, and a stop is obeyed."""
        self._live()
        self.work_due |= run_errands(self.desk, self.pulse)
        self.signals.raise_on_stop()

    def _live(self) -> None:
        self.jobs.run_pending()
        if self.beat and time.monotonic() - self.beaten >= self.beat:
            self.beaten = time.monotonic()
            systemd.notify("WATCHDOG=1")

    def _has_been_read(self) -> None:
        self._is_ready("watching the mailbox")
        if not self.caught_up:
            log.info("the mailbox is read to the end")
            systemd.notify("STATUS=watching the mailbox")
        self.pause, self.caught_up, self.alarmed, self.unread_since = _FIRST_PAUSE, True, False, self.desk.clock()

    def _is_ready(self, status: str) -> None:
        """Tell systemd once, and after every reload, that mailbot has started."""
        if not self.ready:
            self.ready = True
            systemd.notify("READY=1", f"STATUS={status}")

    def _recede(self, problem: MailbotError, seconds: float) -> None:
        """Let the connection go and wait, but go on sending and answering orders meanwhile."""
        self.watch.disconnect()
        rest = seconds * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
        log.warning("%s; next try in %d s", problem, rest)
        # A daemon that waits for its mailbox has started: systemd must not kill it for that.
        self._is_ready(str(problem))
        systemd.notify(f"STATUS={problem}")
        self.caught_up = False
        self.pause = min(self.pause * 2, _LONGEST_PAUSE)
        until = time.monotonic() + rest
        while time.monotonic() < until and not (self.signals.stop or self.signals.reload):
            self._live()
            try:
                self._go_on(problem)
            except Stop:
                raise
            except MailbotError as trouble:
                log.warning("%s", trouble)
                pause(_FIRST_PAUSE)
            except Exception:
                log.exception("a bug")
                pause(_FIRST_PAUSE)
            pause(0.5)

    def _go_on(self, problem: MailbotError) -> None:
        """What is done without the mailbox."""
        self._alarm(problem)
        self.work_due |= run_errands(self.desk, self.pulse)
        if self.work_due:
            self.work_due = False
            self.watch.work()

    def _alarm(self, problem: MailbotError) -> None:
        """n@ hears once, by SMTP, that the mailbox could not be read for a working hour (design section 5)."""
        now = self.desk.clock()
        if self.alarmed or self.desk.worktime.working_hours(self.unread_since, now) < _ALARM_HOURS:
            return
        carry_out(self.desk, on_alarm(str(problem), f"unread/{self.unread_since.isoformat()}", self.desk.moment()))
        self.alarmed = True
        self.work_due = True

    def _want_reading(self) -> None:
        self.read_due = True

    def _want_work(self) -> None:
        self.work_due = True


def _guarded(job: Callable[[], None]) -> Callable[[], None]:
    """A job that may fail without stopping the others: `schedule` would run it hot and starve them (measured)."""

    def guarded() -> None:
        try:
            job()
        except MailbotError as problem:
            log.warning("%s", problem)
        except Exception:
            log.exception("a scheduled job failed")

    return guarded
