"""An interpreter that has imported mailbot and runs pass after pass of it, each in a forked process, followed by strace if asked.

A program, for `trials.py`: orders come as lines of JSON on stdin, the exit status of each pass goes back as a line. A pass is
`daemon.once`, as the verb calls it, at the given instant. It is one process, and strace sees that one alone: the children that read
letters and attachments are forked from the warm interpreter too and are not followed; they end when it does. So N counts the calls of
the process that decides, writes and sends, from its first one after the start-up of Python.

What else an order may ask for: `stop`, the name and number of a step (see `failpoints.py`) and whether the pass is killed before or after
it; `count`, a file for how often each step came; `child` and `child_strace`, which of the pass's first children, "messages" or "documents",
strace follows, and how.
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
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any, TextIO, cast

import failpoints

from mailbot import config, daemon
from mailbot.errors import MailbotError
from mailbot.mail import child, documents, messages
from mailbot.service import logs
from mailbot.tasks.adopt import Wish
from mailbot.tasks.watch import Watch

#: No pass takes a second; one that hangs is a finding.
PATIENCE = 60
#: prctl(2): whoever wants to may follow this process, also where Yama lets only ancestors do so.
_PR_SET_PTRACER, _PR_SET_PTRACER_ANY = 0x59616D61, ctypes.c_ulong(-1)
#: The name of a process that is ready to be followed.
_WAITING = "awaits strace"


#: What the children run, so that they need not load it.
_PROGRAMS = (documents, messages)


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
    strace = _follow(pid, order["strace"]) if order["strace"] else None
    handle = os.pidfd_open(pid)
    hung = not select.select([handle], [], [], PATIENCE)[0]
    os.close(handle)
    if hung:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if strace:
        strace.wait(PATIENCE)
    return -signal.SIGALRM if hung else status


def _follow(pid: int, options: list[str]) -> subprocess.Popen[bytes]:
    """strace with these options on a process that waits for it; it goes on from there."""
    deadline = time.monotonic() + PATIENCE
    while _comm(pid) != _WAITING:
        _pause(pid, time.monotonic() < deadline)
    strace = subprocess.Popen(["strace", *options, "-p", str(pid)], stderr=subprocess.DEVNULL)
    while "TracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_text():
        _pause(pid, strace.poll() is None and time.monotonic() < deadline)
    # strace takes hold first and then stops the process.
    time.sleep(0.003)
    os.kill(pid, signal.SIGUSR1)
    return strace


def _pause(pid: int, patient: bool) -> None:
    if not patient:
        os.kill(pid, signal.SIGKILL)
        raise RuntimeError("strace can not follow a process here")
    time.sleep(0.001)


def _comm(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def _await_strace() -> None:
    """In the process that is to be followed: wait until it is."""
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _PR_SET_PTRACER_ANY, 0, 0, 0)
    Path("/proc/self/comm").write_text(_WAITING)
    signal.sigwait({signal.SIGUSR1})


def _ended(order: dict[str, Any]) -> None:
    """In the forked process: the pass, and its end."""
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.close(log)
    status = 70
    try:
        if order.get("child"):
            child.start = _followed(order["child"], order["child_strace"])
        counted = _steps(order)
        status = _once(order, sys.stderr)
        if order.get("count"):
            Path(order["count"]).write_text(json.dumps(counted), encoding="utf-8")
    except BaseException as bug:
        # The words of the error may quote a letter, and the log is looked through for such.
        places = (f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(bug.__traceback__))
        print(f"a bug ended the pass: {type(bug).__name__}", *places, sep="\n  ", file=sys.stderr, flush=True)
    finally:
        os._exit(status)


def _steps(order: dict[str, Any]) -> Counter[str]:
    """Have the named steps of this pass counted, or the pass stopped at one of them; the counts, which grow with the pass."""
    counted: Counter[str] = Counter()

    def met(name: str, number: int, when: str) -> None:
        if when == "after":
            counted[name] = max(counted[name], number)
        if [name, number, when] == order.get("stop"):
            os.kill(os.getpid(), signal.SIGKILL)

    if order.get("stop") or order.get("count"):
        failpoints.install(met)
    return counted


def _once(order: dict[str, Any], log: TextIO) -> int:
    """One pass in this process; its exit status."""
    now = datetime.fromisoformat(order["now"])
    logs.start(log, {})

    def besides(watch: Watch) -> None:
        if order["adopt"]:
            watch.adopt(Wish(datetime.fromisoformat(order["adopt"]), answer=True), lambda done, total: None)

    try:
        settings = config.load(Path(order["config"]), {}, installed=Path(order["templates"]))
        if order["strace"]:
            _await_strace()
        daemon.once(settings, {}, lambda: now, besides)
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


def _forked(
    program: str, *, stdin: IO[bytes] | int, stdout: IO[bytes] | int, stderr: int | None, followed: bool = False
) -> subprocess.Popen[bytes]:
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
        if followed:
            _await_strace()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        exec(program, {})
    finally:
        os._exit(1)


def _followed(which: str, options: list[str]) -> Callable[..., subprocess.Popen[bytes]]:
    """Like `_forked`, but the first child that runs this module of mailbot's is followed by strace with these options."""
    waiting = [which]

    def start(program: str, **streams: Any) -> subprocess.Popen[bytes]:
        if not (waiting and f"mailbot.mail.{waiting[0]} " in program):
            return _forked(program, **streams)
        waiting.clear()
        started = _forked(program, **streams, followed=True)
        _follow(started.pid, options)
        return started

    return start


if __name__ == "__main__":
    main()
