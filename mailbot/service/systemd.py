"""Tells systemd how the daemon is (sd_notify(3)), and learns from it how often it wants to hear."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

#: How long to wait for a supervisor that does not listen, in seconds.
_PATIENCE = 1.0


def notify(*states: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Given states such as "READY=1" and "STATUS=…", send them to systemd in one datagram; return whether it was sent.

    Without $NOTIFY_SOCKET nobody listens. A supervisor that can not be told is no reason to stop, so nothing is raised.
    """
    address = environ.get("NOTIFY_SOCKET", "")
    if address[:1] not in ("/", "@"):
        return False
    # A leading "@" stands for the zero byte of Linux's abstract name space.
    place = f"\0{address[1:]}" if address.startswith("@") else address
    # A line break would begin another state.
    message = "\n".join(" ".join(state.splitlines()) for state in states)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            # Its queue may be full, and a daemon that waits for its supervisor would be taken for dead.
            channel.settimeout(_PATIENCE)
            channel.sendto(message.encode("utf-8"), place)
    except OSError:
        return False
    return True


def watchdog_seconds(environ: Mapping[str, str] = os.environ) -> float:
    """Within how many seconds systemd wants the next "WATCHDOG=1" (sd_watchdog_enabled(3)); 0 if it does not watch this process."""
    microseconds = environ.get("WATCHDOG_USEC", "")
    watched = environ.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdecimal() or watched != str(os.getpid()):
        return 0.0
    return int(microseconds) / 1_000_000
