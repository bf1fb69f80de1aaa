"""Where a pass is stopped and hindered: each system call by its number, and how many of them there are to be."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: How many of each call every scene makes, as `make points` has counted them.
EXPECTED = Path(__file__).with_name("points.json")
#: Where a kill makes a difference: what is written, and what is said to and heard from the servers. With the stride of `make test`.
KILLED = {
    "write": 11,
    "pwrite64": 3,
    "fsync": 11,
    "fdatasync": 3,
    "rename": 2,
    "renameat2": 3,
    "unlink": 3,
    "ftruncate": 3,
    "mkdir": 3,
    "openat": 40,
    "connect": 2,
    "sendto": 20,
    "sendmsg": 2,
    "recvfrom": 160,
}
#: What a full, broken or read-only disk and a full table of files answer. With the stride of `make test`.
#: A file system that is read-only stays so: that one is tried from each point on.
FAULTS: dict[str, tuple[tuple[str, ...], int]] = {
    "write": (("ENOSPC", "EIO"), 31),
    "pwrite64": (("ENOSPC",), 3),
    "fsync": (("EIO", "ENOSPC"), 31),
    "fdatasync": (("EIO",), 3),
    "rename": (("EIO", "ENOSPC", "EROFS"), 6),
    "unlink": (("EIO", "EROFS"), 4),
    "ftruncate": (("EIO", "EROFS"), 4),
    "mkdir": (("ENOSPC", "EROFS"), 7),
    "openat": (("EMFILE", "EROFS"), 150),
    "read": (("EIO",), 170),
    "socket": (("EMFILE",), 3),
    "socketpair": (("EMFILE",), 2),
    "memfd_create": (("EMFILE",), 5),
}
_MODES = {"EROFS": (True,)}
CALLS = ",".join(sorted(KILLED.keys() | FAULTS.keys()))


@dataclass(frozen=True)
class Point:
    """One trial: what befalls the N-th call, or (`on`) it and every later one."""

    call: str
    number: int
    error: str = ""
    on: bool = False

    @property
    def strace(self) -> tuple[str, ...]:
        what = f"error={self.error}" if self.error else "signal=KILL"
        when = f"{self.number}{'+' if self.on else ''}"
        return ("-qq", "-o", "/dev/null", "-e", f"trace={self.call}", "-e", f"inject={self.call}:{what}:when={when}")

    def __str__(self) -> str:
        return f"{self.call} {self.number}{' and on' if self.on else ''}: {self.error or 'SIGKILL'}"


def kills(counted: Mapping[str, int], *, every: bool) -> Iterator[Point]:
    """Given how many of each call there are, yield where the pass is killed."""
    for call, stride in KILLED.items():
        step = 1 if every else stride
        yield from (Point(call, number) for number in range(1 + step // 2, counted.get(call, 0) + 1, step))


def faults(counted: Mapping[str, int], *, every: bool) -> Iterator[Point]:
    """Given how many of each call there are, yield what befalls them, once and from there on."""
    for call, (errors, stride) in FAULTS.items():
        every_one = [
            Point(call, number, error, on)
            for number in range(1, counted.get(call, 0) + 1)
            for error in errors
            for on in _MODES.get(error, (False, True))
        ]
        step = 1 if every else stride
        yield from every_one[step // 2 :: step]


def expected(scene: str) -> dict[str, int]:
    """How many of each call the scene is to make."""
    found: dict[str, int] = json.loads(EXPECTED.read_text())[scene] if EXPECTED.exists() else {}
    return found


def expect(scene: str, counted: Mapping[str, int]) -> None:
    """From now on the scene is to make so many of each call."""
    whole = json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {}
    whole[scene] = dict(sorted(counted.items()))
    EXPECTED.write_text(json.dumps(whole, indent=1) + "\n")


@dataclass
class Table:
    """What was tried and what came of it, over all scenes."""

    counted: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    hindered: Counter[str] = field(default_factory=Counter)
    figures: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        rows: list[tuple[str, ...]] = [("system call", "counted", "killed", "faults")]
        for call in sorted(self.counted):
            faults = str(self.hindered[call]) if call in FAULTS else "-"
            rows.append((call, str(self.counted[call]), str(self.killed[call]) if call in KILLED else "-", faults))
        rows.append(("in all", *(str(each.total()) for each in (self.counted, self.killed, self.hindered))))
        text = "\n".join(f"{name:<14}" + "".join(f"{number:>9}" for number in numbers) for name, *numbers in rows)
        return text + "\n\n" + "\n".join(f"{name}: {number}" for name, number in self.figures.items())
