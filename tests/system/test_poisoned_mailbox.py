"""Poison for the real daemon: what a message does, it does to the reader's child, and the next letter is answered."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from applicants import LETTER, SUBJECT
from office import CANDIDATE, RECRUITER, N, Office, text_of

#: 27 MB of lines of one letter each: to the parser a gigabyte.
BOMB = (
    b"From: Boris <boris@mail.example>\r\nTo: job@up-advert.ru\r\nSubject: job\r\nMessage-ID: <bomb@mail.example>\r\n\r\n"
    + b"x\r\n" * 9_000_000
)


def children(pid: int) -> set[int]:
    """The processes that a process has started and not yet taken off the list."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid:
            found.add(int(entry.parent.name))
    return found


def memory(pid: int) -> int:
    """The most memory that a process has had at a time, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024


def eventually(true: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_message_that_would_cost_a_gigabyte_is_in_quarantine_and_the_next_one_is_answered(office: Office) -> None:
    with office.running() as daemon:
        office.logged("the mailbox is read to the end")
        office.put(BOMB)
        office.letter(SUBJECT, LETTER)
        eventually(lambda: office.sent_to(CANDIDATE))
        # The message, its copy for the child, and what the daemon is anyway; nothing that the parser makes of it.
        assert memory(daemon.pid) < 300_000_000
    (broken,) = office.json("quarantine", "list")
    assert broken["reason"] == "it has more lines than any mail program writes"
    assert broken["attempts"] == 1
    assert (office.folder / "state" / "quarantine" / broken["path"]).read_bytes() == BOMB
    told = [message for address in (RECRUITER, N) for message in office.sent_to(address) if broken["reason"] in text_of(message)]
    assert told


def test_a_reader_that_is_killed_costs_no_letter_and_none_is_left_when_the_daemon_ends(office: Office) -> None:
    with office.running() as daemon:
        office.letter(SUBJECT, LETTER)
        eventually(lambda: office.sent_to(CANDIDATE))
        (reader,) = children(daemon.pid)
        os.kill(reader, signal.SIGKILL)
        office.letter(SUBJECT, LETTER, sender="Olga <olga@mail.example>")
        eventually(lambda: office.sent_to("olga@mail.example"))
        (another,) = children(daemon.pid)
        assert another != reader
    assert not Path(f"/proc/{another}").exists()
    assert office.json("quarantine", "list") == []


def test_explain_survives_poison(office: Office) -> None:
    poison, letter = office.folder / "poison.eml", office.folder / "letter.eml"
    poison.write_bytes(BOMB)
    letter.write_bytes(BOMB[:200])
    said = office.mailbot("explain", str(poison), str(letter), expect=1)
    assert f"{poison}: it has more lines than any mail program writes" in said
    assert f"{letter}: application" in said
