"""An interpreter that has imported mailbot and runs pass after pass of it, each in a forked process, followed by strace if asked.

A program, for `passes.py`: orders come as lines of JSON on stdin, the exit status of each pass goes back as a line. A pass is
`daemon.once`, as the verb calls it, at the given instant. It is one process, and strace sees that one alone: the children that read
letters and attachments are forked from the warm interpreter too and are not followed; they end when it does. So N counts the calls of
the process that decides, writes and sends, from its first one after the start-up of Python.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any, TextIO, cast

from mailbot import config, daemon
from mailbot.errors import MailbotError
from mailbot.mail import child
from mailbot.service import logs

#: No pass takes a second; one that hangs is a finding.
PATIENCE = 60
#: prctl(2): whoever wants to may follow this process, also where Yama lets only ancestors do so.
_PR_SET_PTRACER, _PR_SET_PTRACER_ANY = 0x59616D61, ctypes.c_ulong(-1)


def main() -> None:
    """Carry out order after order until stdin ends."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    child.start = _forked
    for line in sys.stdin:
        print(_pass(json.loads(line)), flush=True)


def _pass(order: dict[str, Any]) -> int:
    """The exit status of one pass, negative for a signal. Raise RuntimeError for a pass that hangs or strace that does not follow."""
    if order["here"]:
        with Path(order["log"]).open("a", encoding="utf-8") as log:
            return _once(order, log)
    # What is there already is looked through for rubbish by no child, so its pages stay shared.
    gc.freeze()
    pid = os.fork()
    if pid == 0:
        _ended(order)
    strace = subprocess.Popen(["strace", *order["strace"], "-p", str(pid)], stderr=subprocess.DEVNULL) if order["strace"] else None
    if strace:
        _await_followed(pid, strace)
        os.kill(pid, signal.SIGUSR1)
    handle = os.pidfd_open(pid)
    hung = not select.select([handle], [], [], PATIENCE)[0]
    os.close(handle)
    if hung:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if strace:
        strace.wait(PATIENCE)
    return -signal.SIGALRM if hung else status


def _await_followed(pid: int, strace: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    status = Path(f"/proc/{pid}/status")
    while "TracerPid:\t0\n" in status.read_text():
        if strace.poll() is not None or time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            raise RuntimeError("strace can not follow a process here")
        time.sleep(0.001)
    # strace takes hold first and then stops the process.
    time.sleep(0.003)


def _ended(order: dict[str, Any]) -> None:
    """In the forked process: the pass, and its end."""
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.close(log)
    status = 70
    try:
        status = _once(order, sys.stderr)
    except BaseException as bug:
        # The words of the error may quote a letter, and the log is looked through for such.
        places = (f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(bug.__traceback__))
        print(f"a bug ended the pass: {type(bug).__name__}", *places, sep="\n  ", file=sys.stderr, flush=True)
    finally:
        os._exit(status)


def _once(order: dict[str, Any], log: TextIO) -> int:
    """One pass in this process; its exit status."""
    now = datetime.fromisoformat(order["now"])
    logs.start(log, {})
    try:
        settings = config.load(Path(order["config"]), {}, installed=Path(order["templates"]))
        if order["strace"]:
            ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _PR_SET_PTRACER_ANY, 0, 0, 0)
            signal.sigwait({signal.SIGUSR1})
        daemon.once(settings, {}, lambda: now)
    except MailbotError as problem:
        # The log may be what can not be written.
        with suppress(OSError):
            print(f"mailbot: {problem}", file=log, flush=True)
        return 1
    return 0


class _Forked:
    """What `child.end` needs of a Popen."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def wait(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def _forked(program: str, *, stdin: IO[bytes] | int, stdout: IO[bytes] | int, stderr: int | None) -> subprocess.Popen[bytes]:
    """Like `child.start`, in a hundredth of its time: the reader is this interpreter, forked, which holds the same code."""
    pid = os.fork()
    if pid:
        return cast("subprocess.Popen[bytes]", _Forked(pid))
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for target, given in ((0, stdin), (1, stdout), (2, stderr)):
            source = given if isinstance(given, int) else given.fileno() if given else null
            os.dup2(null if source < 0 else source, target)
        # The lock of the state folder among them.
        os.closerange(3, 256)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        exec(program, {})
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
