"""pymap, an IMAP server in memory, in a thread of the tests: no SPECIAL-USE, no UIDPLUS, no TLS."""

from __future__ import annotations

import asyncio
import threading
from argparse import Namespace
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

from dovecot_server import free_ports
from imap_server import ImapServer
from pymap.backend.dict import Config, DictBackend, Identity, Login
from pymap.imap import IMAPService
from pymap.user import Passwords, UserMetadata
from pysasl.hashing import Cleartext


class PymapServer(ImapServer):
    def __init__(self, port: int) -> None:
        super().__init__(port=port)
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._started = threading.Event()
        self._config = _configuration(port)
        self._login = Login(self._config)
        self._hashed = ""

    def new_user(self) -> str:
        name = super().new_user()
        asyncio.run_coroutine_threadsafe(self._add(name), self._loop).result(10)
        return name

    @contextmanager
    def running(self) -> Iterator[PymapServer]:
        thread = threading.Thread(target=self._run, name="pymap")
        thread.start()
        try:
            if not self._started.wait(10):
                raise RuntimeError("pymap did not start")
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._ended.set)
            thread.join(10)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._config.apply_context()
        self._hashed = await Passwords(self._config).hash_password(self.password)
        async with AsyncExitStack() as stack:
            await IMAPService(DictBackend(self._login, self._config), self._config).start(stack)
            self._started.set()
            await self._ended.wait()

    async def _add(self, name: str) -> None:
        await Identity(name, self._login, None, frozenset()).set(UserMetadata(self._config, name, password=self._hashed))


@contextmanager
def running_pymap() -> Iterator[PymapServer]:
    """A pymap of one's own; gone afterwards."""
    with PymapServer(free_ports(1)[0]).running() as server:
        yield server


def _configuration(port: int) -> Config:
    arguments = Namespace(inherited_sockets=None, passlib_cfg=None, proxy_protocol=None)
    return Config(
        arguments,
        host="127.0.0.1",
        port=port,
        demo_data=False,
        demo_user="",
        demo_password="",
        tls_enabled=False,
        secure_auth=False,
        invalid_user_sleep=0.0,
        reject_dnsbl=False,
        # A real hash costs 0.2 s a login.
        hash_context=Cleartext(),
    )
