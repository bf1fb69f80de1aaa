"""What a mailbox promises: one contract for Dovecot, pymap and the tests' own fake."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal

import pytest
from fakes import FakeImapServer, FakeMailbox
from servers import ImapServer

from mailbot.errors import Permanent, Temporary
from mailbot.mail.imap import Account, Mailbox
from mailbot.mail.mailbox import MailboxPort

PERM = timezone(timedelta(hours=5))
AT = datetime(2026, 11, 23, 9, 5, 7, tzinfo=PERM)


def letter(name: str, size: int = 0) -> bytes:
    header = f"From: a@candidates.example\r\nSubject: {name}\r\nMessage-ID: <{name}@candidates.example>\r\n\r\n"
    return header.encode() + b"x" * size + b"\r\n"


def never() -> bool:
    return False


@dataclass(frozen=True)
class World:
    """One user's mailbox on one server, and how to open a session with it."""

    kind: Literal["dovecot", "pymap", "fake"]
    server: ImapServer
    user: str

    def account(self, port: int = 0) -> Account:
        return Account("127.0.0.1", port or self.server.port, "none", self.user, self.server.password)

    @contextmanager
    def session(self, folder: str = "INBOX") -> Iterator[MailboxPort]:
        mailbox: MailboxPort = FakeMailbox(self.server, self.user) if isinstance(self.server, FakeImapServer) else Mailbox(self.account())
        mailbox.connect()
        try:
            mailbox.open(folder)
            yield mailbox
        finally:
            mailbox.close()

    def put(self, *names: str, at: datetime | None = AT, folder: str = "INBOX", flags: tuple[str, ...] = ()) -> None:
        for name in names:
            self.server.append(self.user, letter(name), at, folder, flags)

    def later(self, deed: Callable[[], None]) -> threading.Timer:
        timer = threading.Timer(0.1, deed)
        timer.start()
        return timer


@pytest.fixture(params=["dovecot", "pymap", "fake"])
def world(request: pytest.FixtureRequest) -> World:
    server: ImapServer
    if request.param == "fake":
        server = FakeImapServer()
    else:
        server = request.getfixturevalue("dovecot" if request.param == "dovecot" else "pymap_server")
    return World(request.param, server, server.new_user())


class TestMailbox:
    """The contract. What pymap can not do is named where it is left out."""

    def test_every_new_message_has_a_headline_with_size_and_arrival(self, world: World) -> None:
        world.put("one", "two")
        with world.session() as mailbox:
            first, second = mailbox.headlines(0)
        assert first.uid < second.uid
        assert first.size == len(letter("one"))
        assert first.arrived == AT

    def test_the_zone_of_an_arrival_is_kept(self, world: World) -> None:
        if world.kind == "dovecot":
            pytest.skip("Dovecot keeps the instant alone")
        world.put("one")
        with world.session() as mailbox:
            assert mailbox.headlines(0)[0].arrived.utcoffset() == timedelta(hours=5)

    def test_only_messages_above_the_uid_are_told_and_never_the_last_old_one(self, world: World) -> None:
        world.put("one", "two")
        with world.session() as mailbox:
            first, second = mailbox.headlines(0)
            assert mailbox.headlines(first.uid) == (second,)
            assert mailbox.headlines(second.uid) == ()
            assert mailbox.headlines(second.uid + 1000) == ()

    def test_an_empty_folder_has_no_headlines(self, world: World) -> None:
        with world.session() as mailbox:
            assert mailbox.headlines(0) == ()
            assert mailbox.headlines_since(AT) == ()

    def test_the_state_of_a_folder_tells_what_comes_next(self, world: World) -> None:
        world.put("one")
        with world.session() as mailbox:
            before = mailbox.open("INBOX")
            world.put("two")
            after = mailbox.open("INBOX")
            new = mailbox.headlines(before.uidnext - 1)
        assert before.exists == 1
        assert after.exists == 2
        assert before.uidvalidity == after.uidvalidity > 0
        assert [headline.uid for headline in new] == [before.uidnext]

    def test_arrivals_are_chosen_by_the_second_and_across_zones(self, world: World) -> None:
        world.put("before", at=AT - timedelta(seconds=1))
        world.put("then", at=AT)
        world.put("elsewhere", at=(AT + timedelta(minutes=1)).astimezone(timezone(timedelta(hours=-8))))
        with world.session() as mailbox:
            _, then, elsewhere = mailbox.headlines(0)
            assert mailbox.headlines_since(AT + timedelta(microseconds=900_000)) == (then, elsewhere)

    def test_content_comes_byte_for_byte_in_the_order_asked(self, world: World) -> None:
        raw = (
            b"From: a@b.example\r\nSubject: bytes\r\n\r\n"
            + bytes(range(1, 256)).replace(b"\n", b"").replace(b"\r", b"")
            + b"\r\n.\r\n)\r\n"
        )
        world.server.append(world.user, raw, AT)
        world.put("two")
        with world.session() as mailbox:
            first, second = mailbox.headlines(0)
            fetched = list(mailbox.fetch((second, first)))
        assert [(one.headline, one.raw) for one in fetched] == [(second, letter("two")), (first, raw)]

    def test_more_messages_than_one_batch_holds_all_come(self, world: World) -> None:
        names = [f"n{number}" for number in range(60)]
        world.put(*names)
        with world.session() as mailbox:
            headlines = mailbox.headlines(0)
            assert [one.raw for one in mailbox.fetch(headlines)] == [letter(name) for name in names]
            assert [one.raw for one in mailbox.fetch(headlines, batch_bytes=1)] == [letter(name) for name in names]

    def test_a_message_gone_meanwhile_is_left_out(self, world: World) -> None:
        if world.kind == "pymap":
            pytest.skip("pymap goes on giving what another session expunged, as RFC 2180, 4.1.1 allows")
        world.put("one", "two", "three")
        with world.session() as mailbox:
            one, two, three = mailbox.headlines(0)
            world.server.expunge(world.user, two.uid)
            assert [fetched.headline for fetched in mailbox.fetch((one, two, three))] == [one, three]
            assert list(mailbox.fetch((two,))) == []
            assert mailbox.header(two.uid) == b""

    def test_the_header_of_a_message_can_be_had_alone(self, world: World) -> None:
        world.server.append(world.user, letter("large", 100_000), AT)
        with world.session() as mailbox:
            assert mailbox.header(mailbox.headlines(0)[0].uid) == letter("large").partition(b"\r\n\r\n")[0] + b"\r\n\r\n"

    def test_the_message_ids_of_many_messages_are_had_at_once(self, world: World) -> None:
        world.put(*(f"m{number}" for number in range(60)))
        world.server.append(world.user, b"Subject: nameless\r\n\r\nHello\r\n", AT)
        with world.session() as mailbox:
            uids = [headline.uid for headline in mailbox.headlines(0)]
            expected = [*(f"<m{number}@candidates.example>" for number in range(60)), ""]
            assert mailbox.message_ids([*uids, uids[-1] + 7]) == dict(zip(uids, expected, strict=True))
            assert mailbox.message_ids([]) == {}

    def test_nothing_changes_a_flag(self, world: World) -> None:
        world.put("unread")
        world.put("flagged", flags=(r"\Flagged",))
        world.put("read", flags=(r"\Seen", r"\Answered"))
        before = world.server.messages(world.user)
        with world.session() as mailbox:
            headlines = mailbox.headlines(0)
            list(mailbox.fetch(headlines))
            mailbox.header(headlines[0].uid)
            mailbox.message_ids([headlines[0].uid])
            mailbox.headlines_since(AT)
            mailbox.find("INBOX", "<unread@candidates.example>")
            mailbox.wait(0, never)
        assert world.server.messages(world.user) == before

    def test_a_message_is_found_by_its_whole_message_id(self, world: World) -> None:
        world.put("one", "one-and-more", "one")
        with world.session() as mailbox:
            first, _, third = (headline.uid for headline in mailbox.headlines(0))
            assert mailbox.find("INBOX", "<one@candidates.example>") == (first, third)
            assert mailbox.find("INBOX", "<one@candidates>") == ()
            assert mailbox.find("INBOX", "<none@candidates.example>") == ()

    def test_nothing_is_found_in_an_empty_folder(self, world: World) -> None:
        with world.session() as mailbox:
            assert mailbox.find("INBOX", "<one@candidates.example>") == ()

    def test_what_is_filed_is_read_and_dated(self, world: World) -> None:
        if world.kind == "pymap":
            world.server.create_folder(world.user, "Sent")
        with world.session() as mailbox:
            mailbox.append("Sent", letter("answer"), AT)
            assert len(mailbox.find("Sent", "<answer@candidates.example>")) == 1
        (filed,) = world.server.messages(world.user, "Sent")
        assert filed.raw == letter("answer")
        assert filed.flags == {r"\Seen"}
        assert datetime.strptime(filed.internaldate, "%d-%b-%Y %H:%M:%S %z") == AT

    def test_a_folder_that_is_not_there_is_permanent(self, world: World) -> None:
        with world.session() as mailbox:
            with pytest.raises(Permanent):
                mailbox.open("No such folder")
            with pytest.raises(Permanent):
                mailbox.append("No such folder", letter("one"), AT)
            mailbox.noop()

    def test_sent_is_known_by_special_use(self, world: World) -> None:
        if world.kind == "pymap":
            pytest.skip("pymap has no SPECIAL-USE")
        with world.session() as mailbox:
            assert {(folder.name, folder.role) for folder in mailbox.folders()} >= {("INBOX", "inbox"), ("Sent", "sent"), ("Junk", "junk")}
            assert mailbox.abilities().special_use

    def test_sent_is_known_by_its_russian_name_where_the_server_does_not_say(self, world: World) -> None:
        if world.kind != "pymap":
            pytest.skip("this server says")
        # Modified UTF-7 (RFC 3501, 5.1.3) of "Отправленные" and "Спам".
        world.server.create_folder(world.user, "&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-")
        world.server.create_folder(world.user, "&BCEEPwQwBDw-")
        with world.session() as mailbox:
            roles = {folder.role: folder.name for folder in mailbox.folders()}
            assert roles == {"inbox": "INBOX", "sent": "Отправленные", "junk": "Спам"}
            mailbox.append(roles["sent"], letter("answer"), AT)
            assert len(mailbox.find(roles["sent"], "<answer@candidates.example>")) == 1

    def test_waiting_ends_when_a_message_comes(self, world: World) -> None:
        with world.session() as mailbox:
            assert mailbox.headlines(0) == ()
            deed = world.later(lambda: world.put("new"))
            begun = time.monotonic()
            assert mailbox.wait(20, never)
            took = time.monotonic() - begun
            assert len(mailbox.headlines(0)) == 1
            deed.join()
        assert took < 5

    def test_waiting_ends_at_once_for_a_message_that_came_before_it(self, world: World) -> None:
        with world.session() as mailbox:
            mailbox.headlines(0)
            world.put("new")
            mailbox.noop()
            begun = time.monotonic()
            assert mailbox.wait(20, never)
            assert time.monotonic() - begun < 5

    def test_waiting_ends_when_told_to(self, world: World) -> None:
        with world.session() as mailbox:
            told = threading.Event()
            deed = world.later(told.set)
            begun = time.monotonic()
            assert not mailbox.wait(20, told.is_set)
            assert time.monotonic() - begun < 5
            deed.join()
            mailbox.noop()

    def test_waiting_ends_in_time_and_the_session_goes_on(self, world: World) -> None:
        with world.session() as mailbox:
            assert not mailbox.wait(0.02, never)
            assert not mailbox.wait(0.02, never)
            world.put("one")
            assert len(mailbox.headlines(0)) == 1

    def test_a_closed_session_is_temporary_and_can_be_opened_again(self, world: World) -> None:
        world.put("one")
        with world.session() as mailbox:
            mailbox.close()
            mailbox.close()
            with pytest.raises(Temporary):
                mailbox.headlines(0)
            mailbox.connect()
            mailbox.open("INBOX")
            assert len(mailbox.headlines(0)) == 1
