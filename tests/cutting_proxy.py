"""A proxy of bytes between mailbot and any server: after so many of them it cuts, stalls or talks nonsense, once, and then it is healed.

with cutting_proxy(server.port) as proxy:
    proxy.arm("answers", 0, "nothing");  ...;  proxy.passed                      # recorded: {"commands": 612, "answers": 5120}
    proxy.arm("answers", 100, "cut");    ...;  assert proxy.struck;  proxy.heal()
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal

Direction = Literal["commands", "answers"]
Harm = Literal["nothing", "cut", "stall", "garbage"]

#: A line of each protocol's look, bytes of none, and no end.
GARBAGE = b"* 7 \xff\xfe)) {999\r\n999 \x00 nonsense\r\na1 OK\r\n" + b"\x80" * 100


class CuttingProxy:
    """Passes bytes on in both directions of every connection, and counts them since it was armed."""

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        #: True once the harm was done.
        self.struck = False
        self.passed: dict[Direction, int] = {"commands": 0, "answers": 0}
        self._where: tuple[Direction, int, Harm] = ("answers", 0, "nothing")
        self._counting = threading.Lock()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def arm(self, direction: Direction, after: int, harm: Harm) -> None:
        """Once so many bytes have gone that way from now on, do this harm."""
        with self._counting:
            self._where, self.struck, self.passed = (direction, after, harm), False, {"commands": 0, "answers": 0}

    def heal(self) -> None:
        """Do no more harm, and end every connection, stalled ones too."""
        self.arm("answers", 0, "nothing")
        for connection in self._open:
            _end(connection)

    @contextmanager
    def running(self) -> Iterator[CuttingProxy]:
        self._start(self._accept)
        try:
            yield self
        finally:
            # A blocked accept ends with a shutdown, not with a close.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._threads[0].join(5)
            self.heal()
            for thread in self._threads:
                thread.join(5)
            for connection in (self._listener, *self._open):
                connection.close()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._upstream))
                for one in (client, server):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open += [client, server]
                self._start(self._pass_on, "commands", client, server)
                self._start(self._pass_on, "answers", server, client)

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
