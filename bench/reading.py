"""What it costs that messages are read in a child process: against the same reading in this process, in the same run.

python bench/reading.py [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from base64 import encodebytes
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from mailbot.mail import messages
from mailbot.mail.reader import Reader

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 20
SAMPLES = Path(__file__).resolve().parent.parent / "tests" / "samples" / "ru-messages"
HEAD = b"From: Ivan <ivan@example.ru>\r\nTo: job@firm.ru\r\nSubject: x\r\n"
LETTER = HEAD + b"\r\nhello\r\n"


def main() -> None:
    letters = [path.read_bytes() for path in sorted(SAMPLES.glob("*.eml"))]
    starts = []
    for _ in range(5):
        with closing(Reader()) as reader:
            before = time.perf_counter()
            reader.read(LETTER)
            starts.append(time.perf_counter() - before)
    with closing(Reader()) as reader:
        print(f"the first letter                 {statistics.median(starts) * 1000:8.0f} ms")
        _compare("one small letter", [LETTER] * 20, reader)
        _compare(f"{len(letters)} samples, each", letters, reader)
        for megabytes in (1, 10, 25):
            _compare(f"a letter with {megabytes} MB, each", [_letter(megabytes)], reader)


def _compare(what: str, raws: Sequence[bytes], reader: Reader) -> None:
    here, there = _seconds(messages.read, raws), _seconds(reader.read, raws)
    print(
        f"{what:32} {here * 1000:8.2f} ms here, {there * 1000:8.2f} ms in the child: {(there - here) * 1000:+.2f} ms, "
        f"{1 / here:.0f} and {1 / there:.0f} a second"
    )


def _seconds(read: Callable[[bytes], object], raws: Sequence[bytes]) -> float:
    """The median over the rounds of what one message takes."""
    taken = []
    for _ in range(ROUNDS):
        before = time.perf_counter()
        for raw in raws:
            read(raw)
        taken.append((time.perf_counter() - before) / len(raws))
    return statistics.median(taken)


def _letter(megabytes: int) -> bytes:
    content = encodebytes(os.urandom(megabytes * 1_000_000 * 57 // 78))
    part = b"Content-Type: application/pdf; name=cv.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return HEAD + b"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\nhello\r\n--B\r\n" + part + content + b"--B--\r\n"


if __name__ == "__main__":
    main()
