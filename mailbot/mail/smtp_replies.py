"""Reads an SMTP server's replies for the library that sends: in bounded time and size, and what is no reply line is no consent."""

from __future__ import annotations

import re
import socket
import time
from typing import Final

#: One reply, of however many lines.
_BYTES: Final = 64 * 1024
#: RFC 5321 section 4.2; Python's library takes "2500 fine" for 250.
_LINE: Final = re.compile(rb"[0-9]{3}(?:[ -]|\r?\n|$)")


class Replies:
    """What the library reads lines from. Nothing is read ahead, so that what the server said out of turn can be seen on the socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._file = sock.makefile("rb", buffering=0)
        #: Bytes read of the reply in hand, and when it must have ended, on the monotonic clock.
        self._size = 0
        self._until = 0.0

    def readline(self, limit: int) -> bytes:
        """One line, b"" at the end of the connection. The socket's timeout is that of the whole reply: a server that says a byte a minute,
        or goes on for ever, is silent. Raise OSError."""
        if not self._size:
            self._until = time.monotonic() + (self._sock.gettimeout() or 0)
        line = b""
        while len(line) < limit and not line.endswith(b"\n") and (byte := self._file.read(1)):
            line += byte
            self._size += 1
            if time.monotonic() > self._until:
                raise TimeoutError("timed out")
        if self._size > _BYTES:
            raise OSError("the server's reply has no end")
        if line and not _LINE.match(line):
            # The library makes of it that it is no reply, and reads no further.
            line = b"??? " + line
        if line[3:4] != b"-":
            self._size = 0
        return line

    def close(self) -> None:
        self._file.close()
