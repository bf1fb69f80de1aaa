"""The process of the demo's daemon: the true one, but by the demo's clock; it ends when the demo does."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from mailbot import config, daemon
from mailbot.errors import MailbotError
from mailbot.installed import share
from mailbot.service import logs
from mailbot.service.demo.clock import office_clock

#: Between two looks for what is due, in seconds: office time runs fast, so an hour of it is soon over.
_SWEEP = 1


def main(configuration: str, clock: str) -> int:
    """Given the paths of configuration and clock, run until SIGTERM, or until the demo is gone and standard input with it."""
    logs.start(sys.stderr, os.environ)
    threading.Thread(target=_end_with_the_demo, daemon=True).start()
    now = office_clock(Path(clock))
    try:
        daemon.run(
            lambda: config.load(Path(configuration), os.environ, installed=share() / "templates"),
            os.environ,
            clock=now,
            # Fast time is no jump.
            boottime=lambda: now().timestamp(),
            sweep_seconds=_SWEEP,
        )
    except MailbotError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


def _end_with_the_demo() -> None:
    """Nothing is ever written to standard input, so reading ends when the demo has ended, however it ended."""
    # Not through sys.stdin, whose lock Python wants for itself when it ends.
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
