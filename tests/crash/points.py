"""Where a pass is stopped and hindered: each system call and each named step by its number, and how many of them there are to be."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

from trials import Order, Recovery

_AROUND: tuple[Literal["before", "after"], ...] = ("before", "after")
#: How many of each call every scene makes, and how often it takes each step, as `make points` has counted them.
EXPECTED = Path(__file__).with_name("points.json")
#: Where a kill makes a difference: what is written, and what is said to and heard from the servers. With the stride of `make test`.
KILLED = {
    "write": 23,
    "pwrite64": 5,
    "fsync": 23,
    "fdatasync": 5,
    "rename": 5,
    "renameat": 5,
    "renameat2": 5,
    "link": 3,
    "unlink": 3,
    "ftruncate": 5,
    "mkdir": 7,
    "openat": 90,
    "connect": 3,
    "sendto": 41,
    "sendmsg": 3,
    "recvfrom": 330,
}
#: What a full, broken or read-only disk and a full table of files answer, once or from there on. With the stride of `make test`.
FAULTS: dict[str, tuple[tuple[str, ...], int]] = {
    "write": (("ENOSPC", "EIO", "EROFS"), 141),
    "pwrite64": (("ENOSPC", "EIO", "EROFS"), 7),
    "fsync": (("EIO", "ENOSPC", "EROFS"), 141),
    "fdatasync": (("EIO", "ENOSPC", "EROFS"), 11),
    "rename": (("EIO", "ENOSPC", "EROFS"), 31),
    "renameat": (("EIO", "ENOSPC", "EROFS"), 19),
    "renameat2": (("EIO", "ENOSPC", "EROFS"), 19),
    "link": (("EIO", "ENOSPC", "EROFS"), 9),
    "unlink": (("EIO", "EROFS"), 7),
    "ftruncate": (("EIO", "EROFS"), 13),
    "mkdir": (("EIO", "ENOSPC", "EROFS"), 37),
    "openat": (("EMFILE", "EIO", "EROFS"), 590),
    "read": (("EIO",), 350),
    "socket": (("EMFILE",), 7),
    "socketpair": (("EMFILE",), 5),
    "memfd_create": (("EMFILE",), 13),
}
#: What a reader of letters and attachments does for each; the first of its kind is killed, or hindered, at every one of them.
CHILD_KILLED = ("recvmsg", "read", "lseek", "write", "sendto")
CHILD_FAULTS = {"read": "EIO", "write": "ENOSPC", "sendto": "EPIPE"}
#: With the stride of `make test`: where a pass is killed before and after a named step, and at which call a child is.
STEP_STRIDE, CHILD_STRIDE = 53, 19
CALLS = ",".join(sorted(KILLED.keys() | FAULTS.keys()))
CHILD_CALLS = ",".join(sorted({*CHILD_KILLED, *CHILD_FAULTS}))


@dataclass(frozen=True)
class Point:
    """One trial: what befalls the N-th call of the pass, or (`on`) it and every later one."""

    call: str
    number: int
    error: str = ""
    on: bool = False

    @property
    def ends(self) -> bool:
        """Whether the pass is to be dead afterwards."""
        return not self.error

    @property
    def order(self) -> Order:
        return {"strace": self.strace}

    @property
    def strace(self) -> tuple[str, ...]:
        what = f"error={self.error}" if self.error else "signal=KILL"
        when = f"{self.number}{'+' if self.on else ''}"
        return ("-qq", "-o", "/dev/null", "-e", f"trace={self.call}", "-e", f"inject={self.call}:{what}:when={when}")

    def __str__(self) -> str:
        return f"{self.call} {self.number}{' and on' if self.on else ''}: {self.error or 'SIGKILL'}"


@dataclass(frozen=True)
class Stop:
    """One trial: the pass is killed before or after the N-th time that it takes a named step."""

    call: str
    number: int
    when: Literal["before", "after"]
    error: str = ""
    ends: bool = True

    @property
    def order(self) -> Order:
        return {"stop": [self.call, self.number, self.when]}

    def __str__(self) -> str:
        return f"{self.when} {self.call} {self.number}: SIGKILL"


@dataclass(frozen=True)
class InChild:
    """One trial: what befalls the N-th call of the pass's first reader of messages or of documents; the pass itself goes on."""

    which: Literal["messages", "documents"]
    point: Point
    ends: bool = False

    @property
    def call(self) -> str:
        return f"{self.which}: {self.point.call}"

    @property
    def error(self) -> str:
        return self.point.error

    @property
    def order(self) -> Order:
        return {"child": self.which, "child_strace": self.point.strace}

    def __str__(self) -> str:
        return f"in the first reader of {self.which}, {self.point}"


#: Whatever is tried.
Harm = Point | Stop | InChild


def kills(counted: Mapping[str, int], *, every: bool) -> Iterator[Point]:
    """Given how many of each call there are, yield where the pass is killed."""
    for call, stride in KILLED.items():
        step = 1 if every else stride
        yield from (Point(call, number) for number in range(1 + step // 2, counted.get(call, 0) + 1, step))


def stops(counted: Mapping[str, int], *, every: bool) -> list[Stop]:
    """Given how often each named step is taken, return before and after which the pass is killed."""
    found = [Stop(name, number, when) for name, count in counted.items() for number in range(1, count + 1) for when in _AROUND]
    return found if every else found[STEP_STRIDE // 2 :: STEP_STRIDE]


def in_children(which: Literal["messages", "documents"], counted: Mapping[str, int], *, every: bool) -> list[InChild]:
    """Given how many of each call the first child of a kind makes, return where it is killed, and what befalls it once."""
    found = [
        InChild(which, Point(call, number, error))
        for call in CHILD_KILLED
        for number in range(1, counted.get(call, 0) + 1)
        for error in ("", CHILD_FAULTS.get(call))
        if error is not None
    ]
    return found if every else found[CHILD_STRIDE // 2 :: CHILD_STRIDE]


def faults(counted: Mapping[str, int], *, every: bool) -> Iterator[Point]:
    """Given how many of each call there are, yield what befalls them, once and from there on."""
    for call, (errors, stride) in FAULTS.items():
        every_one = [
            Point(call, number, error, on) for number in range(1, counted.get(call, 0) + 1) for error in errors for on in (False, True)
        ]
        step = 1 if every else stride
        yield from every_one[step // 2 :: step]


def expected(scene: str, kind: str) -> dict[str, int]:
    """How many of each call or step ("calls", "steps", or those of a child) the scene is to make."""
    found: dict[str, int] = _all_expected().get(scene, {}).get(kind, {})
    return found


def expect(scene: str, kind: str, counted: Mapping[str, int]) -> None:
    """From now on the scene is to make so many of each."""
    whole = _all_expected()
    whole.setdefault(scene, {})[kind] = dict(sorted(counted.items()))
    EXPECTED.write_text(json.dumps(whole, indent=1) + "\n")


def _all_expected() -> dict[str, dict[str, dict[str, int]]]:
    found: dict[str, dict[str, dict[str, int]]] = json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {}
    return found


@dataclass
class Table:
    """What was counted and tried, over all scenes. Named steps stand beneath the system calls, and the calls of the readers last."""

    counted: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    hindered: Counter[str] = field(default_factory=Counter)
    #: Of all trials the one after which it took longest until nothing changed any more.
    longest: Recovery = field(default_factory=lambda: Recovery(0, timedelta(0)))
    longest_after: str = "nothing"

    def __str__(self) -> str:
        rows: list[tuple[str, ...]] = [("call or step", "counted", "killed", "faults")]
        for call in sorted(self.counted, key=lambda call: (":" in call, "." in call, call)):
            rows.append((call, str(self.counted[call]), str(self.killed[call] or "-"), str(self.hindered[call] or "-")))
        rows.append(("in all", *(str(each.total()) for each in (self.counted, self.killed, self.hindered))))
        text = "\n".join(f"{name:<22}" + "".join(f"{number:>9}" for number in numbers) for name, *numbers in rows)
        return f"{text}\n\nlongest recovery: {self.longest}, after {self.longest_after}"
