"""A pass that is killed, or that the disk refuses, at any system call: nothing is lost, nothing goes out twice, what nobody knows is shown.

Every point of the story with `TORTURE=1` (`make torture`), a few of each kind without. `POINTS=write` (`make points`) counts the system
calls anew; a call that comes more seldom than counted is a point that is not tried any more, and fails the run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue
from typing import Literal

import pytest
from crash_story import Scene, scenes
from figures import Row
from imap_server import ImapServer
from invariants import broken, held
from office import Office
from points import CALLS, CHILD_CALLS, Harm, InChild, Point, Stop, Table, expect, expected, faults, in_children, kills, stops
from servers import free_ports
from smtp_sink import running_smtp
from trials import Aftermath, Bench, Moment, lines, remove

EVERY = "TORTURE" in os.environ
#: The way of one application. What is written and said besides stands in the others.
STORY = ("first contact", "letter", "answers", "relay", "escalation")
SCENES = (*STORY, "word", "backup", "adoption")
#: Of the faults in those others, which call as the story does but more often, every so-manieth is tried: no divisor of it is one of the
#: numbers of errors, so that all of them have their turn, once and from there on.
SPARSE = 7

_LOST = ("I1", "I3: never decided")


class Theatre:
    """The scenes, and a bench for every processor."""

    def __init__(self, benches: Sequence[Bench], told: Sequence[Scene], table: Table, rows: list[Row]) -> None:
        self.scenes = {scene.moment.name: scene for scene in told}
        self._table, self._rows = table, rows
        self._calls: dict[str, dict[str, int]] = {}
        self._benches: SimpleQueue[Bench] = SimpleQueue()
        self._threads = len(benches)
        for bench in benches:
            self._benches.put(bench)

    def counted(self, name: str) -> dict[str, int]:
        """How many of each system call a scene makes."""
        if name not in self._calls:
            self._calls[name] = self._counted(name, lambda bench, moment: bench.counted(moment, CALLS))
        return self._calls[name]

    def counted_steps(self, name: str) -> dict[str, int]:
        """How often a scene takes each named step."""
        return self._counted(name, lambda bench, moment: bench.counted_steps(moment))

    def counted_in_child(self, name: str, which: str) -> dict[str, int]:
        """How many of each system call the first reader of a kind makes in a scene."""
        return self._counted(name, lambda bench, moment: bench.counted(moment, CHILD_CALLS, which))

    def _counted(self, name: str, count: Callable[[Bench, Moment], Aftermath]) -> dict[str, int]:
        scene = self.scenes[name]
        bench = self._benches.get()
        after = count(bench, scene.moment)
        self._benches.put(bench)
        assert broken(scene, after) == []
        remove(after)
        return after.calls

    def try_all(self, name: str, harms: Sequence[Harm]) -> list[str]:
        """A trial of each; what did not hold, in words."""
        return self._tried(name, harms, lambda bench, scene, harm: bench.trial(scene.moment, harm.order))

    def try_real(self, name: str, verb: str, points: Sequence[Point], file: str) -> list[str]:
        """A trial of the real process at each point, where only calls on that file of the state count; what did not hold, in words."""
        return self._tried(name, points, lambda bench, scene, point: bench.real(scene.moment, verb, point.order["strace"], file))

    def _tried(self, name: str, harms: Sequence[Harm], trial: Callable[[Bench, Scene, Harm], Aftermath]) -> list[str]:
        scene = self.scenes[name]

        def tried(harm: Harm) -> list[str]:
            bench = self._benches.get()
            try:
                after = trial(bench, scene, harm)
            finally:
                self._benches.put(bench)
            return self._judged(scene, harm, after)

        with ThreadPoolExecutor(self._threads) as pool:
            found = pool.map(tried, harms)
            return [f"{name}, {harm}: {words}" for harm, problems in zip(harms, found, strict=True) for words in problems]

    def _judged(self, scene: Scene, harm: Harm, after: Aftermath) -> list[str]:
        problems = broken(scene, after)
        if harm.ends:
            problems += [] if after.statuses[0] == -9 else ["this kill point does not occur any more"]
        elif isinstance(harm, InChild):
            problems += _of_a_reader(after)
        else:
            problems += [] if after.statuses[0] in (0, 1) else [f"the pass ended with {after.statuses[0]}"]
        self._note(scene, harm, after, problems)
        if problems:
            problems.append(f"its log:\n{after.log}")
            # At once, for who watches a long run.
            print(f"\n{scene.moment.name}, {harm}:", *problems, sep="\n")
        remove(after)
        return problems

    def _note(self, scene: Scene, harm: Harm, after: Aftermath, problems: Sequence[str]) -> None:
        (self._table.hindered if harm.error else self._table.killed)[harm.call] += 1
        if after.recovery > self._table.longest:
            self._table.longest, self._table.longest_after = after.recovery, f"{scene.moment.name}, {harm}"
        self._rows.append(
            Row(
                _part(harm),
                tried=1,
                messages_in=len(after.after["INBOX"]),
                records=sum(1 for _ in after.state.glob("**/record.json")),
                messages_out=len(after.taken),
                duplicates=sum(words.startswith("I2") for words in problems),
                lost=sum(words.startswith(_LOST) for words in problems),
                held=held(after),
                findings=len(problems),
                longest_recovery=after.recovery.time,
            )
        )


def _part(harm: Harm) -> str:
    if isinstance(harm, InChild):
        return "crash: a reader killed or hindered"
    if isinstance(harm, Stop):
        return "crash: killed at a step"
    return "crash: hindered by the disk" if harm.error else "crash: killed at a system call"


def _of_a_reader(after: Aftermath) -> list[str]:
    """A reader that failed costs nobody anything: the letter is read by another at once, or in the next pass where it failed before it had
    begun; and no try is counted against the letter beyond the one that took it in."""
    found = []
    if after.statuses[0] not in (0, 1) or after.recovery.passes > after.statuses[0]:
        found.append(f"the pass ended with {after.statuses[0]} and left something undone")
    tries: Counter[tuple[str, int]] = Counter()
    for line in lines(after.state / "ledger.jsonl"):
        tries[line["folder"], line.get("uid", 0)] += {"attempt": 1, "put_off": -1}.get(line["event"], 0)
    if max(tries.values()) > 1:
        found.append(f"tries of one message: {max(tries.values())}")
    return found


@pytest.fixture(scope="module")
def table(tables: dict[str, object]) -> Table:
    """Printed at the end of the run."""
    filled = Table()
    tables["stopped and hindered at every step"] = filled
    return filled


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory, dovecot: ImapServer, table: Table, rows: list[Row]) -> Iterator[Theatre]:
    if reason := why_no_strace():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    folder = tmp_path_factory.mktemp("crash")
    (folder / "office").mkdir()
    with ExitStack() as stack:
        smtp = stack.enter_context(running_smtp(port=free_ports(1)[0]))
        office = Office(folder / "office", dovecot, smtp, files_sent='"auto"')
        benches = [stack.enter_context(Bench(office, folder / f"bench-{number}")) for number in range(os.cpu_count() or 1)]
        told = scenes(benches[0], office)
        with ThreadPoolExecutor(len(benches)) as pool:
            list(pool.map(lambda bench: [bench.trial(scene.moment, here=True) for scene in told], benches[1:]))
        yield Theatre(benches, told, table, rows)


def why_no_strace() -> str:
    """The reason why no process can be followed here, or ""."""
    if shutil.which("strace") is None:
        return "strace is not installed (Debian: strace)"
    tried = subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    return f"strace may not follow processes here: {tried.stderr.strip()}" if tried.returncode else ""


def _as_expected(scene: str, kind: str, counted: Mapping[str, int]) -> None:
    """Fail if there are fewer points than there were: they would not be tried any more."""
    if os.environ.get("POINTS") == "write":
        expect(scene, kind, counted)
    missing = {call: (count, counted.get(call, 0)) for call, count in expected(scene, kind).items() if counted.get(call, 0) < count}
    assert not missing, f"points that do not occur any more, (expected, counted): {missing}; if that is right: make points"


@pytest.mark.parametrize("name", SCENES)
def test_a_pass_that_is_killed_loses_nothing_and_does_nothing_twice(theatre: Theatre, table: Table, name: str) -> None:
    counted = theatre.counted(name)
    table.counted.update(counted)
    _as_expected(name, "calls", counted)
    found = theatre.try_all(name, list(kills(counted, every=EVERY)))
    assert not found, "\n".join(found[:20])


@pytest.mark.parametrize("name", SCENES)
def test_a_pass_that_is_killed_before_or_after_any_step_is_no_different(theatre: Theatre, table: Table, name: str) -> None:
    counted = theatre.counted_steps(name)
    table.counted.update(counted)
    _as_expected(name, "steps", counted)
    found = theatre.try_all(name, stops(counted, every=EVERY))
    assert not found, "\n".join(found[:20])


@pytest.mark.parametrize("which", ["messages", "documents"])
def test_a_reader_that_is_killed_or_hindered_costs_no_letter_anything(
    theatre: Theatre, table: Table, which: Literal["messages", "documents"]
) -> None:
    counted = theatre.counted_in_child("letter", which)
    table.counted.update({f"{which}: {call}": count for call, count in counted.items()})
    _as_expected("letter", which, counted)
    found = theatre.try_all("letter", in_children(which, counted, every=EVERY))
    assert not found, "\n".join(found[:20])


@pytest.mark.parametrize("call", ["write", "fsync"])
@pytest.mark.parametrize("verb", ["once", "run"])
def test_the_real_process_with_its_start_and_its_children_is_no_different(theatre: Theatre, verb: str, call: str) -> None:
    """At the lines of the outbox, between which lies all that matters for what goes out."""
    # Two plans; of each message an attempt, a commit and an end.
    lines = {"write": range(1, 9), "fsync": range(1, 5)}[call]
    found = theatre.try_real("letter", verb, [Point(call, number) for number in (lines if EVERY else lines[2:3])], "outbox.jsonl")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", SCENES)
def test_a_pass_that_the_disk_hinders_sends_nothing_that_is_not_recorded_and_loses_nothing(theatre: Theatre, name: str) -> None:
    points = list(faults(theatre.counted(name), every=EVERY))
    found = theatre.try_all(name, points[:: SPARSE if EVERY and name not in STORY else 1])
    assert not found, "\n".join(found[:20])
