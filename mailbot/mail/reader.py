"""Has messages read in a child process with limits: whatever a stranger's bytes do there, the daemon gets an answer or a reason."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from dataclasses import dataclass
from typing import IO

from mailbot import __version__
from mailbot.errors import BadMessage, Temporary
from mailbot.mail import child, parcel
from mailbot.mail.parcel import Read, Unread

#: Wall time of one message. The child limits its CPU time itself; this is for one that waits. Twice this and the
#: start (a message is tried twice), and the time of its attachments, stay together below what the daemon's watchdog waits, 300 s.
SECONDS = 40.0
#: After so many messages a child is replaced: whatever piles up in it does not last.
MESSAGES = 500
PROGRAM = "from mailbot.mail.messages import main; main()"
#: How long a child may take to start: it needs 0.3 s (measured), more where the machine has much else to do.
START_SECONDS = 30.0
#: How long a child may take to end that has closed its side of the socket.
_LAST_BREATH = 1.0
#: The byte by which each side tells the other that it is its turn.
_TURN = b"."


class _Failed(Exception):
    """The child failed on a message; says in words how."""


@dataclass(slots=True)
class _Child:
    """A child that has said that it is ready, our end of the socket that is its stdin, and how many messages it may still read."""

    process: subprocess.Popen[bytes]
    line: socket.socket
    left: int

    def end(self, patience: float) -> int:
        """Its exit status: its own if it ends by itself within `patience` seconds."""
        self.line.close()
        return child.end(self.process, patience)


class Reader:
    """One warm child that reads message after message; started when needed, replaced after `messages` of them and after any failure.

    `program` is what the child runs, `seconds` is what it has for a message. Not for two threads at a time.
    """

    def __init__(self, program: str = PROGRAM, seconds: float = SECONDS, messages: int = MESSAGES) -> None:
        self._program = program
        self._seconds = seconds
        self._messages = messages
        self._child: _Child | None = None

    def read(self, raw: bytes) -> Read:
        """Given the bytes of a message, return it decoded and its text taken apart.

        Raise BadMessage, in words, for one that is beyond all bounds, or on which the child crashed, ran out of time or memory, or failed
        otherwise, and a fresh child did too; Temporary if the machine can not have it read now.
        """
        try:
            return self._read(raw)
        except _Failed:
            # It may be what an earlier message left behind, or what befell the machine.
            pass
        try:
            return self._read(raw)
        except _Failed as failed:
            raise BadMessage(str(failed)) from failed

    def close(self) -> None:
        """End the child, if there is one. Whoever reads on gets another."""
        self._end()

    def _end(self, patience: float = 0.0) -> int:
        """The exit status of the child that was ended; no child is ended twice."""
        ended, self._child = self._child, None
        return ended.end(patience) if ended else 0

    def _warm(self) -> _Child:
        """A child that can read the next message. Raise Temporary, in words, if none can be started."""
        if self._child and self._child.left > 0:
            return self._child
        self._end()
        try:
            self._child = _started(self._program, self._messages)
        except OSError as error:
            raise Temporary(f"the machine can not start a process to read messages: {error.strerror or error}") from error
        self._child.line.settimeout(self._seconds)
        return self._child

    def _read(self, raw: bytes) -> Read:
        reading = self._warm()
        reading.left -= 1
        try:
            found = self._asked(reading.line, raw)
            if isinstance(found, Unread) and found.failed:
                raise _Failed(found.because)
        except BaseException:
            # Whatever it was: an answer that is still on its way must not be taken for that to the next message.
            self._end()
            raise
        if isinstance(found, Unread):
            raise BadMessage(found.because)
        return found

    def _asked(self, line: socket.socket, raw: bytes) -> Read | Unread:
        """The child's answer. Memory files carry both ways: nothing is written to disk, and no pipe can stall."""
        try:
            with _memory_file("message") as question, _memory_file("answer") as answer:
                question.write(raw)
                question.flush()
                if not self._took_turns(line, question, answer):
                    raise _Failed(_in_words(self._end(_LAST_BREATH)))
                answer.seek(0)
                return parcel.read(answer)
        except ValueError as error:
            raise _Failed("its reader gave no answer that can be understood") from error
        except OSError as error:
            raise Temporary(f"the machine can not have a message read: {error.strerror or error}") from error

    def _took_turns(self, line: socket.socket, question: IO[bytes], answer: IO[bytes]) -> bool:
        """Give the child its turn and wait for ours; False if it is there no more."""
        try:
            socket.send_fds(line, [_TURN], [question.fileno(), answer.fileno()])
            return bool(line.recv(1))
        except TimeoutError as late:
            raise _Failed(f"reading it takes more than {self._seconds:g} seconds") from late
        except ConnectionError:
            return False


def _started(program: str, messages: int) -> _Child:
    """A child that is ready. Raise OSError, or Temporary where it is the installation that fails."""
    ours, its = socket.socketpair()
    with its:
        try:
            process = child.start(program, stdin=its.fileno(), stdout=subprocess.DEVNULL, stderr=None)
        except OSError:
            ours.close()
            raise
    started = _Child(process, ours, messages)
    ours.settimeout(START_SECONDS)
    try:
        version = ours.recv(64).decode()
    except OSError:
        version = ""
    if version == __version__:
        return started
    status = started.end(_LAST_BREATH)
    if version:
        raise Temporary(f"mailbot {version} has been installed while {__version__} runs: restart it")
    raise Temporary(f"mailbot's reader of messages does not start (exit status {status})")


def _in_words(status: int) -> str:
    """What became of a child that ended in the middle of a message."""
    if status in {-signal.SIGXCPU, -signal.SIGALRM}:
        return "reading it takes more time than a letter needs"
    if status == -signal.SIGKILL:
        return "its reader was killed, as for want of memory"
    if status < 0:
        return f"its reader crashed ({signal.Signals(-status).name})"
    return f"its reader ended in the middle of it (exit status {status})"


def _memory_file(name: str) -> IO[bytes]:
    return os.fdopen(os.memfd_create(name), "w+b")
