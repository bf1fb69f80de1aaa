"""What a soak measures of the daemon, and what it calls flat."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: The first messages of a life bring modules, templates and the malloc's own reserves; they are not compared.
WARM = 300
#: A message may cost so many bytes for as long as it is remembered: its places in the ledger, an application's line in the catalogue,
#: an outgoing message's entry in the outbox for two days. A letter itself has more, so that one which is kept shows.
BOUND = 3000
#: So many messages, so many lives and so many looks are needed to judge.
_SHOWN, _LIVES, _LOOKS = 2000, 4, 20
#: Open files differ by what is just connected: two servers, the reader's child, a file that is being read.
_FILES = 4
#: So many tenths of a second a moment lasts: longer than a child takes to start.
_MOMENT = 10


@dataclass(frozen=True)
class Sample:
    """The daemon at one moment."""

    #: Which process it was, 0 for the first.
    life: int
    #: How many messages had a verdict, in all and in this life.
    known: int
    since: int
    memory: int
    files: int
    threads: int
    #: Seconds on a processor in this life.
    worked: float


def sample(pid: int, life: int, known: int, since: int, usual: float) -> Sample:
    """What the process is like now. Of its open files the fewest within a moment: what comes and goes, as the pipes of a child that is
    just starting, is none that stays; where there are no more than the `usual` ones, one look will do."""
    files = _open_files(pid)
    for _ in range(_MOMENT):
        if files <= usual:
            break
        time.sleep(0.1)
        files = min(files, _open_files(pid))
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    worked = sum(map(int, times)) / os.sysconf("SC_CLK_TCK")
    return Sample(life, known, since, int(status["VmRSS"].split()[0]) * 1024, files, int(status["Threads"]), worked)


def _open_files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - names are all that is wanted


def growth_within(samples: Sequence[Sample]) -> float:
    """Bytes a message by which a process grows after its warm-up: least squares with one slope, and a level for each life."""
    warm = [each for each in samples if each.since >= WARM]
    lives = [[each for each in warm if each.life == life] for life in sorted({each.life for each in warm})]
    return _slope([(each.since, each.memory, _mean(life, "since"), _mean(life, "memory")) for life in lives for each in life])


def growth_across(samples: Sequence[Sample]) -> float:
    """Bytes a message by which what a fresh process needs has grown, with the whole state loaded and as much of its own work done."""
    first = _fresh(samples)
    return _slope([(each.known, each.memory, _mean(first, "known"), _mean(first, "memory")) for each in first])


def growing(samples: Sequence[Sample]) -> Iterator[str]:
    """What is not flat, in words; nothing if all is. Memory and files are not judged by fewer messages than show anything."""
    warm = [each for each in samples if each.since >= WARM]
    spans = (max(life) - min(life) for life in ([each.since for each in warm if each.life == number] for number in {w.life for w in warm}))
    if sum(spans) >= _SHOWN and growth_within(samples) > BOUND:
        yield "memory grows while a process runs"
    if len(_fresh(samples)) >= _LIVES and growth_across(samples) > BOUND:
        yield "memory grows from process to process"
    if len(warm) >= _LOOKS and not _flat_files(warm):
        yield "open files grow"
    if len({each.threads for each in samples}) > 1:
        yield "threads grow"


def slower(work: Sequence[float]) -> bool:
    """Given the seconds on a processor of each so many messages, say whether the last third took far more than the first."""
    third = len(work) // 3
    return third > 1 and sum(work[-third:]) > 1.5 * sum(work[:third])


def _fresh(samples: Sequence[Sample]) -> list[Sample]:
    """Each process as soon as it was warm."""
    lives = [[each for each in samples if each.life == life and each.since >= WARM] for life in sorted({each.life for each in samples})]
    return [life[0] for life in lives if life]


def _flat_files(warm: Sequence[Sample]) -> bool:
    """Whether as many files are open at the end as at first, but for what comes and goes."""
    quarter = len(warm) // 4
    early, late = (statistics.median(each.files for each in part) for part in (warm[:quarter], warm[-quarter:]))
    return late <= early + 1 and max(each.files for each in warm) <= early + _FILES


def _mean(samples: Sequence[Sample], name: str) -> float:
    return statistics.fmean(getattr(each, name) for each in samples)


def _slope(points: Sequence[tuple[float, float, float, float]]) -> float:
    """(x, y, mean of the xs, mean of the ys) of each point; 0 where they do not differ."""
    spread = sum((x - middle) ** 2 for x, _, middle, _ in points)
    return sum((x - middle) * (y - level) for x, y, middle, level in points) / spread if spread else 0.0


class Tail:
    """A journal that is read on from where it ended, and anew once it was compacted."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._file, self._read = 0, 0

    def more(self) -> list[dict[str, Any]]:
        """The events since the last time; after a compaction those that say the same."""
        if not self._journal.exists():
            return []
        with self._journal.open("rb") as file:
            number = os.fstat(file.fileno()).st_ino
            if number != self._file:
                self._file, self._read = number, 0
            file.seek(self._read)
            whole = file.read().rpartition(b"\n")
        self._read += len(whole[0]) + len(whole[1])
        return [json.loads(line)["event"] for line in whole[0].splitlines()]


class Verdicts:
    """Which messages of INBOX have a verdict."""

    def __init__(self, journal: Path) -> None:
        self._tail = Tail(journal)
        self.met = False
        self.uids: set[int] = set()

    def look(self) -> int:
        """Return how many there are now."""
        for event in self._tail.more():
            if event["folder"] == "INBOX":
                self.met |= event["event"] == "contact"
                if event["event"] == "verdict":
                    self.uids.add(event["uid"])
        return len(self.uids)
