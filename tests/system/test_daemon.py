"""The daemon among its neighbours: systemd, signals, a server that restarts, a kill at any moment, and logs that name nobody."""

from __future__ import annotations

import secrets
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from applicants import A_FILE, ANSWERS, LETTER, SUBJECT
from clients import plain
from imap_proxy import imap_proxy
from office import CANDIDATE, RECRUITER, Office
from servers import Fault

READ = "the mailbox is read to the end"


class Supervisor:
    """systemd's end of the notification socket: what the daemon has said, one datagram after another."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        #: In the abstract name space: a path would be too long.
        self.name = f"@mailbot-tests-{secrets.token_hex(8)}"
        self._channel.bind(self.name.replace("@", "\0"))
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def hears(self, words: str, count: int = 1) -> list[str]:
        """Everything said as soon as so many datagrams hold these words."""
        _until(lambda: sum(words in said for said in self.heard) >= count)
        return list(self.heard)

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(b"", self.name.replace("@", "\0"))
        self._listening.join()
        self._channel.close()

    def _listen(self) -> None:
        while said := self._channel.recv(4096):
            self.heard.append(said.decode("utf-8"))


@contextmanager
def supervised(office: Office, watchdog_seconds: float = 0) -> Iterator[Supervisor]:
    """Daemons of this office find a supervisor to tell how they are."""
    with closing(Supervisor()) as supervisor:
        office.environ["NOTIFY_SOCKET"] = supervisor.name
        if watchdog_seconds:
            office.environ["WATCHDOG_USEC"] = str(int(watchdog_seconds * 1_000_000))
        yield supervisor
    office.environ.clear()


def change(office: Office, old: str, new: str) -> None:
    text = office.config.read_text(encoding="utf-8")
    assert old in text
    office.config.write_text(text.replace(old, new), encoding="utf-8")


def letters(office: Office, count: int) -> list[str]:
    """So many first letters, a second apart; the addresses of their senders."""
    senders = [f"candidate-{number}@mail.ru" for number in range(count)]
    for number, sender in enumerate(senders):
        office.pass_time(seconds=1)
        office.letter(SUBJECT, f"{LETTER}\n{number}", sender=f"Кандидат <{sender}>")
    office.pass_time(minutes=1)
    return senders


def test_systemd_hears_that_it_is_ready_alive_and_stopping(office: Office) -> None:
    with supervised(office, watchdog_seconds=0.6) as supervisor:
        with office.running():
            supervisor.hears("STATUS=watching the mailbox")
            supervisor.hears("READY=1")
            supervisor.hears("WATCHDOG=1", count=5)
        supervisor.hears("STOPPING=1")
    assert not any("@" in said for said in supervisor.heard)


def test_a_loop_that_hangs_is_not_called_alive(office: Office) -> None:
    with supervised(office, watchdog_seconds=0.6) as supervisor, office.running():
        supervisor.hears("STATUS=watching the mailbox")
        supervisor.hears("WATCHDOG=1", count=3)
        # A server that says nothing for many times as long as systemd waits.
        office.smtp.script("DOT", Fault("250 Taken", accept=True, seconds=4))
        office.letter(SUBJECT, LETTER, at=office.now.replace(second=59))
        _until(lambda: "DATA" in office.smtp.commands)
        time.sleep(0.3)
        before = len(supervisor.heard)
        time.sleep(1.2)
        assert supervisor.heard[before:] == []
        supervisor.hears("WATCHDOG=1", count=before + 3)


def test_it_is_alive_and_does_what_verbs_ask_in_the_midst_of_a_backlog(office: Office) -> None:
    letters(office, 8)
    office.smtp.script("DOT", *(Fault("250 Taken", accept=True, seconds=0.8) for _ in range(16)))
    with supervised(office, watchdog_seconds=1.2) as supervisor, office.running():
        supervisor.hears("WATCHDOG=1", count=2)
        assert office.mailbot("resume") == "there was nothing to resume\n"
        assert len(office.smtp.transactions) < 16
        assert office.json("status")["pid"]


def test_sighup_takes_a_good_configuration_over_and_leaves_a_bad_one(office: Office) -> None:
    with supervised(office) as supervisor, office.running() as daemon:
        supervisor.hears("READY=1")
        started = office.json("status")["started"]
        change(office, RECRUITER, "oleg@up-advert.ru")
        daemon.send_signal(signal.SIGHUP)
        assert any("MONOTONIC_USEC=" in said for said in supervisor.hears("RELOADING=1"))
        supervisor.hears("READY=1", count=2)
        office.letter(SUBJECT, LETTER, at=office.now.replace(second=59))
        office.smtp.wait_for(2)
        assert len(office.sent_to("oleg@up-advert.ru")) == 1
        assert office.json("status")["started"] == started
        change(office, "poll_seconds", "poll_secnds")
        daemon.send_signal(signal.SIGHUP)
        log = office.logged("the configuration was not taken over")
        assert "poll_seconds" in log
        supervisor.hears("READY=1", count=3)
        office.letter(SUBJECT, LETTER, sender="Пётр <kim@yandex.ru>", at=office.now.replace(second=59))
        office.smtp.wait_for(4)
        assert len(office.sent_to("oleg@up-advert.ru")) == 2


def test_sigterm_in_the_midst_of_a_backlog_ends_after_the_message_in_hand_and_the_rest_comes_next_time(office: Office) -> None:
    senders = letters(office, 5)
    office.smtp.script("DOT", Fault("250 Taken", accept=True), Fault("250 Taken", accept=True), Fault("250 Taken", accept=True, seconds=1))
    with office.running() as daemon:
        office.smtp.wait_for(3)
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(10)
    # The second letter was in hand: it is decided, and its questions, on the wire at that moment, are out. Of the third there is nothing.
    assert [message["To"] for message in office.sent()] == [senders[0], RECRUITER, senders[1]]
    assert [entry["state"] for entry in office.json("outbox", "list")] == ["sent", "sent", "sent", "planned"]
    assert len(office.applications()) == 2
    with office.running():
        office.smtp.wait_for(10)
        office.logged(READ)
    assert sorted(message["To"] for message in office.sent()) == sorted([*senders, *[RECRUITER] * 5])


def test_killed_again_and_again_it_loses_nothing_and_sends_nothing_twice(office: Office) -> None:
    senders = letters(office, 4)
    # The kill comes while the server is asked for a recipient (nothing is out yet), and right after it took a message.
    office.smtp.script("RCPT", Fault("250 OK", seconds=0.5))
    with office.running(ends=-signal.SIGKILL) as daemon:
        _until(lambda: "RCPT" in office.smtp.commands)
        daemon.kill()
    assert office.sent() == []
    for count in (1, 4, 5):
        with office.running(ends=-signal.SIGKILL) as daemon:
            office.smtp.wait_for(count)
            daemon.kill()
    with office.running():
        office.logged(READ)
    # What was on the wire at the kill, its fate unknown, is looked for, and not sent again blindly.
    for minutes in (2, 61, 1):
        office.pass_time(minutes=minutes)
        office.once()
    entries = office.json("outbox", "list")
    went = Counter(message["To"] for message in office.sent())
    held = {entry["to"] for entry in entries if entry["state"] == "held"}
    assert all(went[sender] == 1 or (went[sender] == 0 and sender in held) for sender in senders)
    assert len(office.applications()) == 4
    # Each letter has one notice; it may have come twice, as the same message.
    notices = {entry["message_id"]: entry["state"] for entry in entries if entry["purpose"] == "notice"}
    assert list(notices.values()) == ["sent"] * 4
    assert notices.keys() <= {message["Message-ID"] for message in office.sent_to(RECRUITER)}
    assert {entry["state"] for entry in entries} <= {"sent", "held"}


def test_it_reconnects_to_a_server_that_went_away_and_takes_what_came_meanwhile(office: Office) -> None:
    with imap_proxy(office.imap.port) as proxy:
        change(office, f"port = {office.imap.port}", f"port = {proxy.port}")
        refusing = iter([True])
        with office.running():
            office.logged(READ)
            _until(lambda: any(b"IDLE" in line for line in proxy.commands))
            # As a restarting server does: every connection ends, and the first login after that is refused.
            proxy.instead = lambda line: (
                line.split()[0] + b" NO [UNAVAILABLE] restarting\r\n" if b"LOGIN" in line and next(refusing, False) else None
            )
            proxy.cut()
            office.letter(SUBJECT, LETTER, at=office.now.replace(second=59))
            office.smtp.wait_for(2)
            log = office.logged(READ, count=2)
        assert "next try in" in log
        assert len(office.sent_to(CANDIDATE)) == 1


def test_a_server_without_idle_is_polled(office: Office) -> None:
    with imap_proxy(office.imap.port) as proxy:
        proxy.packets = lambda line: (line.replace(b" IDLE", b""),)
        change(office, f"port = {office.imap.port}", f"port = {proxy.port}")
        change(office, "poll_seconds = 60", "poll_seconds = 1")
        with office.running():
            office.logged(READ)
            office.letter(SUBJECT, LETTER, at=office.now.replace(second=59))
            office.smtp.wait_for(2)
        assert not any(b"IDLE" in line for line in proxy.commands)
    assert len(office.sent_to(CANDIDATE)) == 1


def test_the_log_names_nobody(office: Office) -> None:
    marks = ("Приметова", "primetova", "секретная-тема", "тайное слово", "приметный-файл", "оклад 90000")
    sender = "Зоя Приметова <zoya.primetova@mail.ru>"
    subject, text = f"{SUBJECT} секретная-тема", f"{LETTER}\nтайное слово"
    with office.running():
        office.logged(READ)
        office.letter(subject, text, sender=sender, attach=("приметный-файл.pdf", A_FILE[1]), at=office.now.replace(second=59))
        office.smtp.wait_for(2)
        questions = office.sent_to("zoya.primetova@mail.ru")[0]
        # A server that refuses names the address, and may quote what it got.
        office.smtp.script("RCPT", "550 5.1.1 <zoya.primetova@mail.ru>: primetova is not here")
        office.letter(f"Re: {subject}", ANSWERS, sender=sender, answers=questions, at=office.now.replace(second=59))
        office.smtp.wait_for(3)
        notice = office.sent_to(RECRUITER)[0]
        office.letter(f"Re: {subject}", plain(notice, "оклад 90000"), sender=RECRUITER, answers=notice, at=office.now.replace(second=59))
        office.smtp.wait_for(4)
        broken = (
            b"From: " + sender.encode() + b"\r\nSubject: " + subject.encode() + b"\r\nX-Long: " + b"primetova" * 40_000 + b"\r\n\r\nhello"
        )
        office.put(broken, at=office.now.replace(second=59))
        office.letter("", "", sender="zoya.primetova@mail.ru", headers={"X-Mailbot": "primetova"}, at=office.now.replace(second=59))
        office.logged("message put in quarantine")
        log = office.logged("message taken in", count=4)
    assert [mark for mark in marks if mark.casefold() in log.casefold()] == []
    assert "@" not in log.replace("…@…", "")


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
