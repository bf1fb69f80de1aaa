"""A pass that is killed, or that the disk refuses, at any system call: nothing is lost, nothing goes out twice, what nobody knows is shown.

Every point of the story with `TORTURE=1` (`make torture`), a few of each kind without. `POINTS=write` (`make points`) counts the system
calls anew; a call that comes more seldom than counted is a point that is not tried any more, and fails the run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue

import pytest
from crash_story import Scene, scenes
from imap_server import ImapServer
from invariants import broken, held
from office import Office
from points import CALLS, Point, Table, expect, expected, faults, kills
from servers import free_ports
from smtp_sink import running_smtp
from trials import Aftermath, Bench, outbox, remove

EVERY = "TORTURE" in os.environ
SCENES = ("first contact", "letter", "answers", "relay", "escalation")

_LOST = ("I1", "I3: never decided")


class Theatre:
    """The scenes, and a bench for every processor."""

    def __init__(self, benches: Sequence[Bench], told: Sequence[Scene], table: Table) -> None:
        self.scenes = {scene.moment.name: scene for scene in told}
        self._table = table
        self._benches: SimpleQueue[Bench] = SimpleQueue()
        self._threads = len(benches)
        for bench in benches:
            self._benches.put(bench)

    def counted(self, name: str) -> dict[str, int]:
        """How many of each system call a scene makes."""
        bench = self._benches.get()
        after = bench.counted(self.scenes[name].moment, CALLS)
        self._benches.put(bench)
        assert broken(self.scenes[name], after) == []
        return after.calls

    def try_all(self, name: str, points: Sequence[Point]) -> list[str]:
        """A trial of each point; what did not hold, in words."""
        return self._tried(name, points, lambda bench, scene, point: bench.trial(scene.moment, point.strace))

    def try_real(self, name: str, verb: str, points: Sequence[Point], file: str) -> list[str]:
        """A trial of the real process at each point, where only calls on that file of the state count; what did not hold, in words."""
        return self._tried(name, points, lambda bench, scene, point: bench.real(scene.moment, verb, point.strace, file))

    def _tried(self, name: str, points: Sequence[Point], trial: Callable[[Bench, Scene, Point], Aftermath]) -> list[str]:
        scene = self.scenes[name]

        def tried(point: Point) -> list[str]:
            bench = self._benches.get()
            try:
                after = trial(bench, scene, point)
            finally:
                self._benches.put(bench)
            return self._judged(scene, point, after)

        with ThreadPoolExecutor(self._threads) as pool:
            found = pool.map(tried, points)
            return [f"{name}, {point}: {words}" for point, problems in zip(points, found, strict=True) for words in problems]

    def _judged(self, scene: Scene, point: Point, after: Aftermath) -> list[str]:
        problems = broken(scene, after)
        if point.error:
            problems += [] if after.statuses[0] in (0, 1) else [f"the pass ended with {after.statuses[0]}"]
        elif after.statuses[0] != -9:
            problems.append("this kill point does not occur any more")
        self._note(point, after, problems)
        if problems:
            problems.append(f"its log:\n{after.log}")
            # At once, for who watches a long run.
            print(f"\n{scene.moment.name}, {point}:", *problems, sep="\n")
        remove(after)
        return problems

    def _note(self, point: Point, after: Aftermath, problems: Sequence[str]) -> None:
        (self._table.hindered if point.error else self._table.killed)[point.call] += 1
        figures = self._table.figures
        figures["trials"] += 1
        figures["messages in"] += len(after.after["INBOX"])
        figures["messages out"] += len(after.taken)
        figures["intents in the outbox"] += len(outbox(after.state))
        figures["duplicates"] += sum(words.startswith("I2") for words in problems)
        figures["lost"] += sum(words.startswith(_LOST) for words in problems)
        figures["held for a person"] += held(after)
        figures["other findings"] += sum(not words.startswith(("I2", *_LOST)) for words in problems)


@pytest.fixture(scope="module")
def table(tables: dict[str, object]) -> Table:
    """Printed at the end of the run."""
    filled = Table()
    tables["stopped and hindered at every step"] = filled
    return filled


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory, dovecot: ImapServer, table: Table) -> Iterator[Theatre]:
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
        yield Theatre(benches, told, table)


def why_no_strace() -> str:
    """The reason why no process can be followed here, or ""."""
    if shutil.which("strace") is None:
        return "strace is not installed (Debian: strace)"
    tried = subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    return f"strace may not follow processes here: {tried.stderr.strip()}" if tried.returncode else ""


@pytest.mark.parametrize("name", SCENES)
def test_a_pass_that_is_killed_loses_nothing_and_does_nothing_twice(theatre: Theatre, table: Table, name: str) -> None:
    counted = theatre.counted(name)
    table.counted.update(counted)
    if os.environ.get("POINTS") == "write":
        expect(name, counted)
    missing = {call: (count, counted.get(call, 0)) for call, count in expected(name).items() if counted.get(call, 0) < count}
    assert not missing, f"points that do not occur any more, (expected, counted): {missing}; if that is right: make points"
    found = theatre.try_all(name, list(kills(counted, every=EVERY)))
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
    found = theatre.try_all(name, list(faults(theatre.counted(name), every=EVERY)))
    assert not found, "\n".join(found[:20])
