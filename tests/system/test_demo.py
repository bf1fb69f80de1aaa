"""The demo as a real process: it ends as its table says, says so when it does not, and leaves nothing running."""

from __future__ import annotations

import imaplib
import os
import re
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# One candidate must have been rejected, and one letter fewer been a duplicate: the story that is shown is the true one.
WRONG = """
import sys
from dataclasses import replace
from mailbot.service.demo.show import show
from mailbot.service.demo.story import STORY

first = replace(STORY.endings[0], stage="rejected")
wrong = replace(STORY, endings=(first, *STORY.endings[1:]), unanswered={"auto_reply": 1, "duplicate": 0})
sys.exit(show(wrong, keep=False, fast=True))
"""
#: Letters take about half a second each (measured); the rest is for a busy machine.
SECONDS = 150.0


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """A process with its own temporary folder and its output in a file there, which hears Ctrl-C.

    Where the tests run in the background of a shell, SIGINT is ignored, and a process inherits that (POSIX, asynchronous
    lists). What has a handler here has the default in the child.
    """
    folder.mkdir()
    environ = os.environ | {"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1", "COLUMNS": "80"}
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with (folder / "output").open("w", encoding="utf-8") as output:
            return subprocess.Popen([sys.executable, *arguments], cwd=folder, env=environ, stdout=output, stderr=output, text=True)
    finally:
        signal.signal(signal.SIGINT, before)


def said(folder: Path) -> str:
    return (folder / "output").read_text(encoding="utf-8")


def wait_until(happened: Callable[[], bool], folder: Path) -> None:
    end = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < end, said(folder)
        time.sleep(0.1)


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = start(folder, "-m", "mailbot", "demo", "--fast", *arguments)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def left_running(folder: Path) -> list[str]:
    """The command lines of processes that speak of the folder."""
    lines = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line:
            lines.append(line)
    return lines


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, Path]]:
    """The demo as it is shipped, and one with wrong expectations, at the same time: both mostly wait."""
    folder = tmp_path_factory.mktemp("demo")
    started = {
        "shipped": start(folder / "shipped", "-m", "mailbot", "demo", "--fast"),
        "wrong": start(folder / "wrong", "-c", WRONG),
    }
    return {name: (process.wait(SECONDS), folder / name) for name, process in started.items()}


def test_everything_ends_as_the_table_says(runs: dict[str, tuple[int, Path]]) -> None:
    status, folder = runs["shipped"]
    output = said(folder)
    assert status == 0, output
    table = re.findall(r"(?m)^A-\w{5}  +(\S+ \S+)  +(\w+)  +(\w+)  +(.+?)  +✓ *$", output)
    assert table == [
        ("Дарья Соколова", "trainee", "review", "candidate"),
        ("Игорь Лебедев", "manager", "review", "a person; n@ was told"),
        ("Анастасия Юдина", "trainee", "silent", "nobody"),
        ("Emily Carter", "manager", "questions", "candidate till Tue 1 Dec"),
        ("Тимур Галиев", "trainee", "test", "candidate till Wed 2 Dec"),
    ]


def test_the_timeline_tells_of_the_whole_way(runs: dict[str, tuple[int, Path]]) -> None:
    output = said(runs["shipped"][1])
    told = re.findall(r"(?m)^\d\d:\d\d  (?:A-\w{5}|       )  (came|so  |sent)  (.+)$", output)
    for mark, words in (
        ("came", "Игорь Лебедев: Вакансия аккаунт-менеджера"),
        ("so  ", "automatic reply (D5)"),
        ("so  ", "duplicate (D10)"),
        ("sent", "follow-up questions → Emily Carter"),
        ("sent", "test assignment → Дарья Соколова"),
        ("sent", "the recruiter's own words → Дарья Соколова"),
        ("sent", "hint: it still waits → Мария Иванова"),
        ("so  ", "escalated to n@"),
        ("sent", "ESCALATION"),
    ):
        assert any(mark == each and line.startswith(words) for each, line in told), words


def test_a_pipe_gets_plain_lines_of_eighty_columns(runs: dict[str, tuple[int, Path]]) -> None:
    output = said(runs["shipped"][1])
    assert "\x1b" not in output
    # A path stays in one piece, so that it can be copied.
    assert all(len(line) <= 80 or re.search(r"/\S+$", line) for line in output.splitlines())


def test_every_message_can_be_opened_where_it_is_said_to_lie(runs: dict[str, tuple[int, Path]]) -> None:
    output = said(runs["shipped"][1])
    state = re.search(r"(?m)^(/\S+/state/)$", output)
    assert state, output
    named = 0
    for place, files in re.findall(r"(?m)^(\S+/messages/)  .+\n((?:  .+\n)+)", output):
        for name in re.findall(r"\d{4}\.eml", files):
            assert (Path(state[1]) / place / name).is_file()
            named += 1
    assert named > 40


def test_an_outcome_that_is_not_as_demanded_is_named_and_fails(runs: dict[str, tuple[int, Path]]) -> None:
    status, folder = runs["wrong"]
    output = said(folder)
    assert status == 1, output
    assert "✗ Дарья Соколова: stage is review, not rejected" in output
    assert "✗ letters that are duplicate: 1, not 0" in output
    assert "2 outcomes are not" in output
    log = re.search(r"\S+daemon\.log", output)
    assert log
    assert Path(log[0]).is_file()


def test_ctrl_c_ends_it_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with demo(folder) as process:
        wait_until(lambda: "came  " in said(folder) and "10:07" in said(folder), folder)
        assert left_running(folder)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    assert "Traceback" not in said(folder)
    assert not left_running(folder)
    assert [path.name for path in folder.iterdir()] == ["output"]


def test_the_daemon_does_not_outlive_a_demo_that_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with demo(folder) as process:
        wait_until(lambda: "10:07" in said(folder), folder)
        process.kill()
    wait_until(lambda: not left_running(folder), folder)


def test_keep_leaves_everything_up_for_ones_own_mail_client(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with demo(folder, "--keep") as process:
        wait_until(lambda: "Ctrl-C" in said(folder), folder)
        output = said(folder)
        imap, smtp, password = (
            re.findall(pattern, output)[-1]
            for pattern in (r"IMAP +127.0.0.1, port (\d+)", r"SMTP +127.0.0.1, port (\d+)", r"password +(\S+)")
        )
        with smtplib.SMTP("127.0.0.1", int(smtp)) as client:
            client.login("new@candidates.example", password)
            headers = ("From: New <new@candidates.example>", "To: job@up-advert.ru", "Subject: Intern", "Message-ID: <1@c.example>")
            client.sendmail("new@candidates.example", ["job@up-advert.ru"], "\r\n".join((*headers, "", "Hello.", "")))
        wait_until(lambda: "follow-up questions → New" in said(folder), folder)
        with imaplib.IMAP4("127.0.0.1", int(imap)) as mailbox:
            mailbox.login("new@candidates.example", password)
            assert mailbox.select("INBOX", readonly=True)[1] == [b"1"]
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, said(folder)
    assert "Traceback" not in said(folder)
    assert not left_running(folder)
