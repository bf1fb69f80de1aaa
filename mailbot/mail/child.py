"""A process of its own for what strangers wrote: it has no secret, its own group, and limits that it sets itself before it reads."""

from __future__ import annotations

import math
import os
import resource
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

#: What a child may have open at a time.
OPEN_FILES = 32


def start(program: str, *, stdin: IO[bytes] | int, stdout: IO[bytes] | int, stderr: int | None) -> subprocess.Popen[bytes]:
    """Given the Python text of a program, start it with these three streams (as `subprocess` takes them) and nothing else of ours.

    It imports the very mailbot that this is, in an isolated interpreter without environment, user site or working directory, in a group of
    its own. Raise OSError if the machine can not start it. Ended by `end`, whatever becomes of it.
    """
    house = str(Path(__file__).resolve().parents[2])
    return subprocess.Popen(  # noqa: S603 - fixed words: the interpreter itself
        (sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {house!r}); import mailbot; del sys.path[0]\n{program}"),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        cwd="/",
        env={},
        start_new_session=True,
    )


def end(child: subprocess.Popen[bytes], patience: float = 0.0) -> int:
    """Wait so many seconds for a child to end by itself, then kill it; kill what it may have left behind; return its exit status.

    To be called once: afterwards its number may be another's. Raise OSError if it could not be waited for; it is ended all the same.
    """
    try:
        if patience > 0:
            handle = os.pidfd_open(child.pid)
            try:
                poll = select.poll()
                poll.register(handle, select.POLLIN)
                poll.poll(patience * 1000)
            finally:
                os.close(handle)
    finally:
        # Nobody has taken it off the list of processes yet, so its number, and with it the group's, is still its own.
        os.killpg(child.pid, signal.SIGKILL)
        status = child.wait()
    return status


def limit(*, memory: int, written: int) -> None:
    """In the child, for good: bytes of memory, and bytes of any file that it writes, memory files too; few open ones, and no core."""
    for what, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, written),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        resource.setrlimit(what, (value, value))


def limit_time(seconds: int) -> None:
    """In the child: from now on so many more seconds of CPU (rounded up), then the kernel kills it with SIGXCPU."""
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time()) + seconds, resource.RLIM_INFINITY))
