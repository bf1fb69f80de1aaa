"""What systemd asks of a running daemon by signals: to stop, or to read its configuration anew."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


class Stop(Exception):
    """Raised between two messages once a stop was asked for."""


@dataclass(slots=True)
class Signals:
    """What has been asked for; a handler does no more than note it."""

    stop: bool = False
    reload: bool = False

    def on_stop(self, number: int, frame: FrameType | None) -> None:
        self.stop = True

    def on_reload(self, number: int, frame: FrameType | None) -> None:
        self.reload = True

    def raise_on_stop(self) -> None:
        """Raise Stop if a stop was asked for."""
        if self.stop:
            raise Stop


@contextmanager
def handled() -> Iterator[Signals]:
    """Within it SIGTERM and SIGINT ask for a stop and SIGHUP for a reload; afterwards they mean what they did before."""
    signals = Signals()
    handlers = {signal.SIGTERM: signals.on_stop, signal.SIGINT: signals.on_stop, signal.SIGHUP: signals.on_reload}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
