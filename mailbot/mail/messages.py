"""Messages, read one after another in a process of its own: what is hostile in one can only harm that process.

Started by `reader.py`, on a socket as stdin. It says which version of mailbot it is; then each message comes as one byte with two memory
files, the message and the answer, and one byte says that the answer (see `parcel`) is written. The end of the socket is the end of it.
"""

from __future__ import annotations

import os
import signal
import socket
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO, NoReturn

from mailbot import __version__
from mailbot.errors import BadMessage
from mailbot.mail import child, parcel, parse, quotes
from mailbot.mail.parcel import Read, Unread

#: Measured: a letter of 30 MB needs 430 MB and 1 s; the slowest of that size that was found, nothing but line ends, 7 s and then 1400 MB.
MEMORY_LIMIT = 700_000_000
CPU_SECONDS = 15
#: A child that hangs without using the CPU, after its daemon is gone.
ALONE_SECONDS = 120


def main() -> NoReturn:
    """Read what comes, with the house's own reader."""
    serve(read)


def read(raw: bytes) -> Read:
    """Given the bytes of a message, return it decoded and its text taken apart. Raise BadMessage for one that is beyond all bounds."""
    message = parse.parse(raw)
    return Read(message, quotes.split(message.text, message.html))


def serve(read: Callable[[bytes], Read]) -> NoReturn:
    """Limits first, then every message that comes on stdin, by `read`, until its other side is closed or the reading of one fails."""
    line = socket.socket(fileno=0)
    child.limit(memory=MEMORY_LIMIT, written=parcel.LIMIT)
    # Until here stderr tells what is wrong with the installation; from here on it might quote a message. stdout goes nowhere already.
    os.dup2(1, 2)
    line.sendall(__version__.encode())
    going_on = True
    while going_on:
        word, files, _, _ = socket.recv_fds(line, 1, 2)
        if not word:
            break
        child.limit_time(CPU_SECONDS)
        signal.alarm(ALONE_SECONDS)
        question, answer = files
        with os.fdopen(question, "rb") as message, os.fdopen(answer, "wb") as file:
            going_on = _answer(read, message, file)
        signal.alarm(0)
        line.sendall(word)
    # The interpreter's own exit is left out, because libraries may die in it.
    os._exit(0)


def _answer(read: Callable[[bytes], Read], message: IO[bytes], file: IO[bytes]) -> bool:
    """Read one message and write the answer; whether all is well with the reader after it."""
    message.seek(0)
    try:
        parcel.write(file, read(message.read()))
        return True
    except BadMessage as bad:
        unread = Unread(str(bad))
    except MemoryError:
        unread = Unread("it asks for more memory than a letter needs", failed=True)
    except RecursionError:
        unread = Unread("it is nested too deep to be read", failed=True)
    except Exception as bug:
        # The words of the exception may quote the message; its kind and its place do not.
        place = traceback.extract_tb(bug.__traceback__)[-1]
        unread = Unread(f"mailbot failed to read it: {type(bug).__name__} in {Path(place.filename).name}, line {place.lineno}", failed=True)
    # Only here is the memory free again that the failed reading held.
    parcel.write(file, unread)
    return not unread.failed
