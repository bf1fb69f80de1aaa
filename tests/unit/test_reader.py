"""The reader of messages: what comes from its child is what the parser makes of it, and no message harms anything but that child."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hostile_reader import HEAD, HOSTILE, order

from mailbot.errors import BadMessage, Temporary
from mailbot.mail import child, messages, parcel
from mailbot.mail.extract import SECONDS_IN_ALL
from mailbot.mail.reader import MESSAGES, SECONDS, START_SECONDS, Reader

SAMPLES = Path(__file__).parents[1] / "samples" / "ru-messages"
LETTER = HEAD + b"Subject: x\r\n\r\nhello\r\n"
HTML = HEAD + b"Content-Type: text/html\r\n\r\n"


@pytest.fixture(scope="module")
def real() -> Iterator[Reader]:
    with closing(Reader()) as reader:
        yield reader


@pytest.fixture
def others() -> set[str]:
    """The processes that were there before the test."""
    return children()


@pytest.fixture
def hostile(others: set[str]) -> Iterator[Reader]:
    with closing(Reader(HOSTILE)) as reader:
        yield reader
    assert children() == others


def state(reader: Reader) -> list[str]:
    """The number of the child's process, how many messages it has read, and what is in its environment and open there."""
    return reader.read(order("")).message.subject.split()


def children() -> set[str]:
    """The processes that this one has started and that are not taken off the list: alive, or zombies."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = entry.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(after_name[1]) == os.getpid():
            found.add(entry.parent.name)
    return found


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def is_gone(pid: int) -> bool:
    """Whether a process that is not our child has ended; what nobody takes off the list has ended too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_message_with_its_second_try_and_its_attachments_is_over_before_the_watchdog_bites() -> None:
    # 300 are those of deploy/mailbot.service.
    assert 2 * (START_SECONDS + SECONDS + 1) + SECONDS_IN_ALL < 300


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.eml")), ids=lambda path: path.stem)
def test_a_sample_is_read_as_in_process(real: Reader, path: Path) -> None:
    raw = path.read_bytes()
    assert real.read(raw) == messages.read(raw)


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n", b"\x00\xff\xfe" * 50, LETTER, LETTER.replace(b"+0500", b"-1159"), HTML + b"<p>a<blockquote>b"]
)
def test_whatever_the_bytes_they_are_read_as_in_process(real: Reader, raw: bytes) -> None:
    assert real.read(raw) == messages.read(raw)


def test_attachments_come_back_byte_for_byte(real: Reader) -> None:
    contents = [b"", bytes(range(256)) * 4000, b"\n\n\r\r\n", b"\x80" * 3]
    parts = b"".join(
        b"--B\r\nContent-Type: application/x; name=a%d\r\nContent-Transfer-Encoding: binary\r\n\r\n%s\r\n" % (number, content)
        for number, content in enumerate(contents)
    )
    raw = HEAD + b"Content-Type: multipart/mixed; boundary=B\r\n\r\n" + parts + b"--B--\r\n"
    found = real.read(raw)
    assert found == messages.read(raw)
    assert len(found.message.attachments) == len(contents)
    assert len(found.message.attachments[1].content) > 1_000_000


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        pytest.param(
            HEAD + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(300)),
            "more boundaries",
            id="300 deep",
        ),
        pytest.param(HEAD + b"Content-Type: message/rfc822\n\n" * 100_000, "too deep", id="100000 in each other"),
        pytest.param(HEAD + b"Content-Type: multipart/mixed; boundary=B\n\n" + b"--B\n\nx\n" * 100_000, "parts|lines", id="100000 parts"),
        pytest.param(HEAD + b"X: " + b"x" * 5_000_000, "longer than 256 KB", id="a header of 5 MB"),
        pytest.param(HEAD + b"Content-Type: text/plain" + b";a=b" * 10_000 + b"\n\nx", "a field", id="10000 parameters"),
    ],
)
def test_what_is_beyond_the_bounds_is_refused_in_words_and_costs_no_child(real: Reader, raw: bytes, words: str) -> None:
    real.read(LETTER)
    before = children()
    started = time.monotonic()
    with pytest.raises(BadMessage, match=words):
        real.read(raw)
    assert time.monotonic() - started < 10
    assert children() == before


@pytest.mark.parametrize("html", [b"<" * 300_000, b"<a " * 100_000, b"<!--" * 100_000, b"<div>" * 100_000, b"&#" * 200_000])
def test_html_that_would_cost_quadratic_time_is_read(real: Reader, html: bytes) -> None:
    started = time.monotonic()
    real.read(HTML + html)
    assert time.monotonic() - started < 10


def test_a_message_that_unfolds_to_more_memory_than_there_is_is_refused() -> None:
    small = "from mailbot.mail import messages; messages.MEMORY_LIMIT = 100_000_000; messages.main()"
    with closing(Reader(small)) as reader:
        with pytest.raises(BadMessage, match="more memory"):
            reader.read(HEAD + b"\r\n" + (b"x" * 70 + b"\r\n") * 300_000)
        assert reader.read(LETTER) == messages.read(LETTER)


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        ("segfault", r"crashed \(SIGSEGV\)"),
        ("exit", r"ended .* \(exit status 3\)"),
        ("end well", r"ended .* \(exit status 0\)"),
        ("kill", "was killed"),
        ("spin", "more time than a letter needs"),
        ("grow", "more memory than a letter needs"),
        ("deeper", "nested too deep"),
        ("bug", "KeyError in <string>, line"),
        ("garbage", "no answer that can be understood"),
        ("nothing", "no answer that can be understood"),
        ("too much", r"ended .* \(exit status 1\)"),
        ("hang up", "ended|killed"),
    ],
)
def test_whatever_a_message_does_to_its_reader_is_said_in_words_and_the_next_one_is_read(
    hostile: Reader, others: set[str], deed: str, words: str
) -> None:
    pid = state(hostile)[0]
    before = open_files()
    started = time.monotonic()
    with pytest.raises(BadMessage, match=words) as refused:
        hostile.read(order(deed))
    assert time.monotonic() - started < 20
    assert "Ivan" not in str(refused.value)
    # No child is left of it, and what reads the next message is another.
    assert pid not in children()
    assert hostile.read(LETTER).message.text == "hello"
    assert state(hostile)[0] != pid
    assert len(children() - others) == 1
    assert open_files() == before


def test_a_message_that_takes_too_long_is_given_up_after_a_second_try(others: set[str]) -> None:
    with closing(Reader(HOSTILE, seconds=0.5)) as reader:
        started = time.monotonic()
        with pytest.raises(BadMessage, match=r"more than 0\.5 seconds"):
            reader.read(order("hang"))
        assert 1 <= time.monotonic() - started < 10
        assert children() == others
        assert reader.read(LETTER).message.text == "hello"


def test_what_a_fresh_child_can_read_is_read(hostile: Reader) -> None:
    used = state(hostile)[0]
    fresh, number = hostile.read(order("crash unless fresh")).message.subject.split()[:2]
    assert fresh != used
    assert number == "1"


def test_a_child_that_died_while_it_waited_costs_no_message(hostile: Reader, others: set[str]) -> None:
    pid = state(hostile)[0]
    os.kill(int(pid), signal.SIGKILL)
    assert state(hostile)[0] != pid
    assert children() - others == {state(hostile)[0]}


def test_an_answer_that_was_not_waited_for_is_not_taken_for_the_next(hostile: Reader, others: set[str]) -> None:
    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    state(hostile)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            hostile.read(order("hang"))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert children() == others
    assert hostile.read(LETTER).message.text == "hello"


def test_the_child_has_no_secret_and_nothing_of_ours_open(hostile: Reader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MAILBOT_IMAP_PASSWORD", "secret")
    with (tmp_path / "journal").open("wb") as journal:
        os.set_inheritable(journal.fileno(), True)
        names = state(hostile)[2:]
    environment = [name for name in names if not name.isdecimal()]
    # LC_CTYPE is set by Python itself; 3 and 4 are the memory files of this message, 5 is the look at what is open.
    assert set(environment) <= {"LC_CTYPE"}
    assert names[len(environment) :] == ["0", "1", "2", "3", "4", "5"]


def test_the_child_is_held_by_the_kernel(hostile: Reader) -> None:
    pid = int(state(hostile)[0])
    held = {
        resource.RLIMIT_AS: messages.MEMORY_LIMIT,
        resource.RLIMIT_FSIZE: parcel.LIMIT,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: child.OPEN_FILES,
    }
    assert {what: resource.prlimit(pid, what) for what in held} == {what: (value, value) for what, value in held.items()}
    assert 1 <= resource.prlimit(pid, resource.RLIMIT_CPU)[0] <= 3
    assert os.getsid(pid) == pid


def test_after_500_messages_another_child_reads_and_nothing_is_left_of_the_first(others: set[str]) -> None:
    with closing(Reader(HOSTILE)) as reader:
        by = [state(reader)[0]]
        before = open_files()
        by += [state(reader)[0] for _ in range(2 * MESSAGES)]
        assert MESSAGES == 500
        assert [by.count(pid) for pid in dict.fromkeys(by)] == [500, 500, 1]
        assert open_files() == before
        assert children() - others == {by[-1]}
    assert children() == others


def test_a_closed_reader_can_be_used_again_and_closed_twice(others: set[str]) -> None:
    reader = Reader()
    reader.close()
    assert reader.read(LETTER) == messages.read(LETTER)
    reader.close()
    reader.close()
    assert children() == others
    assert reader.read(LETTER) == messages.read(LETTER)
    reader.close()


def without_descriptors(then: Callable[[], object]) -> None:
    """Do it while this process may open no file more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        then()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("warm", [False, True])
def test_a_machine_that_has_no_room_is_not_the_messages_fault(warm: bool) -> None:
    with closing(Reader()) as reader:
        if warm:
            reader.read(LETTER)

        def refused() -> None:
            with pytest.raises(Temporary, match="Too many open files"):
                reader.read(LETTER)

        without_descriptors(refused)
        assert reader.read(LETTER) == messages.read(LETTER)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("raise SystemExit(3)", r"does not start \(exit status 3\)"),
        ("import socket; socket.socket(fileno=0).send(b'99.0')", "mailbot 99.0 has been installed .* restart it"),
    ],
)
def test_an_installation_that_does_not_work_is_not_the_messages_fault(others: set[str], program: str, words: str) -> None:
    with closing(Reader(program)) as reader:
        for _ in range(2):
            with pytest.raises(Temporary, match=words):
                reader.read(LETTER)
    assert children() == others


@pytest.mark.parametrize("deed", ["hello", "hang"])
def test_the_child_does_not_outlive_its_daemon(deed: str, tmp_path: Path) -> None:
    alone = HOSTILE.replace("messages.CPU_SECONDS = 1", "messages.CPU_SECONDS = messages.ALONE_SECONDS = 1")
    daemon = tmp_path / "daemon.py"
    daemon.write_text(
        "from mailbot.mail.reader import Reader\n"
        f"reader = Reader({alone!r})\n"
        f"print(reader.read({order('')!r}).message.subject, flush=True)\n"
        f"reader.read({order(deed)!r})\n"
        "input()\n",
        encoding="utf-8",
    )
    environ = {**os.environ, "PYTHONPATH": str(Path(messages.__file__).parents[2])}
    with subprocess.Popen([sys.executable, str(daemon)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline().split()[0])
        process.kill()
    end = time.monotonic() + 10
    while not is_gone(pid):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_child_starts_and_reads_where_no_memory_may_be_both_written_and_run() -> None:
    """As under MemoryDenyWriteExecute= of the unit: prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN), which children inherit (Linux 6.3)."""
    daemon = (
        "import ctypes, sys\n"
        "if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0): sys.exit(77)\n"
        "from mailbot.mail.reader import Reader\n"
        "reader = Reader()\n"
        f"assert reader.read({LETTER!r}).message.text == 'hello'\n"
        "reader.close()\n"
    )
    environ = {**os.environ, "PYTHONPATH": str(Path(messages.__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", daemon], env=environ, check=False)
    if done.returncode == 77:
        pytest.skip("this kernel knows no PR_SET_MDWE")
    assert done.returncode == 0
