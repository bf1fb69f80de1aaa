"""A proxy of bytes between mailbot and any server: after so many of them it cuts, stalls or talks nonsense, once, and then it is healed.

with cutting_proxy(server.port) as proxy:
    proxy.arm("answers", 0, "nothing");  ...;  proxy.passed                      # recorded: {"commands": 612, "answers": 5120}
    proxy.arm("answers", 100, "cut");    ...;  assert proxy.struck;  proxy.heal()
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from tcp_proxy import TcpProxy

Direction = Literal["commands", "answers"]
Harm = Literal["nothing", "cut", "stall", "garbage"]

#: A line of each protocol's look, bytes of none, and no end.
GARBAGE = b"* 7 \xff\xfe)) {999\r\n999 \x00 nonsense\r\na1 OK\r\n" + b"\x80" * 100


class CuttingProxy(TcpProxy):
    """Passes bytes on in both directions of every connection, and counts them since it was armed."""

    def __init__(self, upstream: int) -> None:
        super().__init__(upstream)
        #: True once the harm was done.
        self.struck = False
        self.passed: dict[Direction, int] = {"commands": 0, "answers": 0}
        self._where: tuple[Direction, int, Harm] = ("answers", 0, "nothing")
        self._counting = threading.Lock()

    def arm(self, direction: Direction, after: int, harm: Harm) -> None:
        """Once so many bytes have gone that way from now on, do this harm."""
        with self._counting:
            self._where, self.struck, self.passed = (direction, after, harm), False, {"commands": 0, "answers": 0}

    def heal(self) -> None:
        """Do no more harm, and end every connection, stalled ones too."""
        self.arm("answers", 0, "nothing")
        self.end_all()

    def stop(self) -> None:
        self.heal()

    def commands_pass(self, client: socket.socket, server: socket.socket) -> None:
        self._pass_on("commands", client, server)

    def answers_pass(self, client: socket.socket, server: socket.socket) -> None:
        self._pass_on("answers", server, client)

    def _pass_on(self, direction: Direction, source: socket.socket, to: socket.socket) -> None:
        silent = False
        with suppress(OSError):
            while piece := source.recv(65536):
                if silent:
                    continue
                passing, harm = self._weighed(direction, piece)
                to.sendall(passing)
                if harm == "garbage":
                    to.sendall(GARBAGE)
                if harm in {"cut", "garbage"}:
                    break
                silent = harm == "stall"
        _end(source)
        _end(to)

    def _weighed(self, direction: Direction, piece: bytes) -> tuple[bytes, Harm]:
        """How much of a piece may pass, and what is done behind it."""
        with self._counting:
            where, after, harm = self._where
            left = after - self.passed[direction]
            self.passed[direction] += len(piece)
            if self.struck or harm == "nothing" or where != direction or left > len(piece):
                return piece, "nothing"
            self.struck = True
            return piece[:left], harm


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def cutting_proxy(upstream: int) -> Iterator[CuttingProxy]:
    """A proxy before the server on that port of 127.0.0.1; gone afterwards."""
    with CuttingProxy(upstream).running() as proxy:
        yield proxy
