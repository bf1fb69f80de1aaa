"""A proxy of bytes between mailbot and any server: after so many of them it does harm, once, and then it is healed.

with cutting_proxy(server.port) as proxy:
    proxy.arm("answers", 0, "nothing");  ...;  proxy.said                        # recorded: {"commands": b"a1 CAP…", "answers": b"* OK…"}
    proxy.arm("answers", 100, "cut");    ...;  assert proxy.struck;  proxy.heal()
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from tcp_proxy import TcpProxy

Direction = Literal["commands", "answers"]
#: cut: FIN to both. reset: RST to both. garbage: nonsense, then cut. stall: nothing more that way. half-open: nobody listens any more in
#: either way, and nothing is closed. one byte a packet, late: nothing is lost, it only comes like this from there on.
Harm = Literal["nothing", "cut", "reset", "garbage", "stall", "half-open", "one byte a packet", "late"]

#: A line of each protocol's look, bytes of none, and no end.
GARBAGE = b"* 7 \xff\xfe)) {999\r\n999 \x00 nonsense\r\na1 OK\r\n" + b"\x80" * 100
#: Between two packets, in seconds: as little as keeps them apart, and a slow line.
_APART, _LATE = 0.0005, 0.02


class CuttingProxy(TcpProxy):
    """Passes bytes on in both directions of every connection, and keeps them since it was armed."""

    def __init__(self, upstream: int) -> None:
        super().__init__(upstream)
        #: True once the harm was done.
        self.struck = False
        self.said: dict[Direction, bytearray] = {"commands": bytearray(), "answers": bytearray()}
        self._where: tuple[Direction, int, Harm] = ("answers", 0, "nothing")
        self._weighing = threading.Lock()
        self._healed = threading.Event()
        self._ended_by_reset: set[socket.socket] = set()

    def arm(self, direction: Direction, after: int, harm: Harm) -> None:
        """Once so many bytes have gone that way from now on, do this harm."""
        with self._weighing:
            self._where, self.struck, self.said = (direction, after, harm), False, {"commands": bytearray(), "answers": bytearray()}
            self._healed.set()
            self._healed = threading.Event()

    def heal(self) -> None:
        """Do no more harm, and end every connection, stalled ones too."""
        self.arm("answers", 0, "nothing")
        connections, threads = tuple(self._open), tuple(self._threads[1:])
        self.end_all()
        for thread in threads:
            thread.join(5)
        for connection in connections:
            connection.close()
        # A long run would have no descriptors left; what came meanwhile stays.
        del self._open[: len(connections)], self._threads[1 : 1 + len(threads)]

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
                passing, harm, healed = self._weighed(direction, piece)
                if silent:
                    continue
                if harm == "half-open":
                    to.sendall(passing)
                    healed.wait()
                    break
                _send(to, passing, harm)
                if harm == "garbage":
                    to.sendall(GARBAGE)
                if harm == "reset":
                    self._reset(source, to)
                if harm in {"cut", "garbage", "reset"}:
                    break
                silent = harm == "stall"
        if source not in self._ended_by_reset:
            _end(source)
            _end(to)

    def _reset(self, *connections: socket.socket) -> None:
        """End them by RST instead of FIN (tcp(7): SO_LINGER of no seconds)."""
        self._ended_by_reset.update(connections)
        for connection in connections:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # Nothing goes over the line while the thread of the other direction still reads: this ends that.
            connection.shutdown(socket.SHUT_RD)
            connection.close()

    def _weighed(self, direction: Direction, piece: bytes) -> tuple[bytes, Harm, threading.Event]:
        """How much of a piece may pass, what is done with it or behind it, and what tells when that is over."""
        with self._weighing:
            where, after, harm = self._where
            left = after - len(self.said[direction])
            self.said[direction] += piece
            if harm == "half-open" and self.struck:
                return b"", harm, self._healed
            if harm == "nothing" or where != direction or left > len(piece):
                return piece, "nothing", self._healed
            if harm in {"one byte a packet", "late"}:
                self.struck = True
                return piece, harm, self._healed
            if self.struck:
                return piece, "nothing", self._healed
            self.struck = True
            return piece[:left], harm, self._healed


def _send(to: socket.socket, piece: bytes, harm: Harm) -> None:
    if harm == "one byte a packet":
        for byte in piece:
            to.sendall(bytes((byte,)))
            time.sleep(_APART)
    else:
        time.sleep(_LATE if harm == "late" else 0)
        to.sendall(piece)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def cutting_proxy(upstream: int) -> Iterator[CuttingProxy]:
    """A proxy before the server on that port of 127.0.0.1; gone afterwards."""
    with CuttingProxy(upstream).running() as proxy:
        yield proxy
