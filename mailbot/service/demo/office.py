"""The office of the demo: two servers, a clock, and the true daemon as a process of its own; all of it gone afterwards."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from mailbot import config
from mailbot.installed import share
from mailbot.service.demo.clock import OfficeClock
from mailbot.service.demo.home import Home, furnish, new_password
from mailbot.service.demo.onlooker import Onlooker
from mailbot.service.demo.servers import Servers
from mailbot.service.demo.story import ESCALATION, JOB, RECRUITER

#: The process of the daemon stands on the top floor of the house, so it is started by its name; nothing down here may import it.
_DAEMON = "mailbot.demo_office"
#: A daemon that finishes the message in hand needs less (measured: 1 s).
_ENDS_WITHIN = 10


@dataclass(frozen=True, slots=True)
class Office:
    """What is up while the demo runs."""

    home: Home
    servers: Servers
    clock: OfficeClock
    daemon: subprocess.Popen[bytes]
    onlooker: Onlooker


@contextmanager
def running(home: Home, starts: datetime) -> Iterator[Office]:
    """Servers and daemon up, office time beginning at `starts`. Raise OSError, ConfigProblem."""
    # What libraries have to say is no part of the show.
    logging.basicConfig(filename=home.server_log, level=logging.WARNING, force=True)
    clock = OfficeClock(home.clock, starts)
    with Servers(new_password(), JOB, clock).running() as servers:
        for address in (JOB, RECRUITER.address, ESCALATION):
            servers.open(address)
        furnish(home, servers, RECRUITER.address)
        settings = config.load(home.config, {}, installed=share() / "templates")
        with _daemon(home) as daemon:
            yield Office(home, servers, clock, daemon, Onlooker(settings, servers))


@contextmanager
def _daemon(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", _DAEMON, str(home.config), str(home.clock)]
    # A systemd that started the demo is not the daemon's, and its state folder is not the demo's.
    environ = {name: value for name, value in os.environ.items() if name not in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "STATE_DIRECTORY")}
    with home.log.open("wb") as log:
        # A session of its own: Ctrl-C is for the demo, which then ends the daemon in order. Its standard input is its lifeline.
        daemon = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environ, start_new_session=True)  # noqa: S603 - our own program
    try:
        yield daemon
    finally:
        with _undisturbed():
            daemon.terminate()
            try:
                daemon.wait(_ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
            if daemon.stdin:
                with suppress(OSError):
                    daemon.stdin.close()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C must not leave anything running."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
