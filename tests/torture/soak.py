"""A soak: thousands of messages through Dovecot and the real daemon, with faults and restarts; nothing lost, nothing twice, all flat?

python tests/torture/soak.py [MESSAGES]        20,000 unless said otherwise; prints figures, ends with 1 if something is wrong
"""

from __future__ import annotations

import imaplib
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests/torture")]

from cutting_proxy import cutting_proxy  # noqa: E402 - found by the line above
from dovecot_server import free_ports, running_dovecot  # noqa: E402
from office import MONDAY, Office  # noqa: E402
from smtp_sink import running_smtp  # noqa: E402
from soak_checks import broken, twice  # noqa: E402
from soak_faults import Faults  # noqa: E402
from soak_measures import Sample, Verdicts, growing, growth_across, growth_within, sample, slower  # noqa: E402
from soak_people import People, person_in_the_mailbox  # noqa: E402

BATCH, MARK = 50, 2000
#: How many restarts there are at most, and behind which share of the batches a fault is waiting.
RESTARTS, FAULTS = 12, 0.2
#: In a longer soak the submission server files what it sends: to look for each in a Sent folder of thousands would only measure Dovecot.
FILED = 2000
#: No message takes so long, in seconds, whatever is done to the servers.
PATIENCE = 300
#: A soak is a storm, which the caps would end.
CAPS = {
    "total_per_hour": "1000000",
    "domain_per_hour": "1000000",
    "address_per_day": "20",
    "thread_without_person": "20",
    "relays_per_day": "1000000",
    "notices_per_day": "1000000",
    "provider_per_day": "1000000",
}


@dataclass(frozen=True)
class Figures:
    """What a soak came to."""

    messages: int
    seconds: float
    out: int
    twice_to_staff: int
    held: int
    kills: int
    terms: int
    struck: dict[str, int]
    #: The longest time, in seconds, from a restart or a cut to the next verdict.
    recovery: float
    #: Bytes a message.
    within: float
    across: float
    memory: int
    files: int
    threads: int
    #: Of every 2,000 messages: the seconds, and the seconds on a processor.
    pace: tuple[tuple[float, float], ...]
    journals: dict[str, int]
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        rows = {
            "messages in": self.messages,
            "messages a second": f"{self.messages / self.seconds:.1f}",
            "messages out": self.out,
            "staff notices twice": self.twice_to_staff,
            "held for a person": self.held,
            "SIGKILL, SIGTERM": f"{self.kills}, {self.terms}",
            **self.struck,
            "longest recovery, s": f"{self.recovery:.1f}",
            "memory at the end, MB": f"{self.memory / 1e6:.0f}",
            "growth in a life, bytes a message": f"{self.within:.0f}",
            "growth over restarts, bytes a message": f"{self.across:.0f}",
            "open files, threads at most": f"{self.files}, {self.threads}",
            f"seconds for every {MARK}": " ".join(f"{wall:.0f}" for wall, _ in self.pace),
            "of them on a processor": " ".join(f"{work:.0f}" for _, work in self.pace),
            **{f"{name}, bytes": size for name, size in self.journals.items()},
            "wrong": "; ".join(self.wrong) or "nothing",
        }
        return "\n".join(f"{name:<40}{value!s:>12}" for name, value in rows.items())


class Soak:
    """One soak under way."""

    def __init__(self, office: Office, faults: Faults, people: People, chance: random.Random, program: tuple[str, ...]) -> None:
        self.office, self.faults, self.people, self.chance, self.program = office, faults, people, chance, program
        self.verdicts = Verdicts(office.folder / "state/ledger.jsonl")
        self.samples: list[Sample] = []
        self.lives, self.known_before, self.worked_before = 0, 0, 0.0
        self.signals: Counter[int] = Counter()
        self.begun = time.monotonic()
        self.troubled: float | None = None
        self.recovery = 0.0
        self.marks: list[tuple[float, float]] = []
        self.wrong: list[str] = []
        self.daemon = self._started()

    def run(self, count: int) -> None:
        """Have so many messages written and taken in."""
        while not (self.verdicts.look() or self.verdicts.met):
            time.sleep(0.1)
        # INTERNALDATE has whole seconds, and the daemon's clock may be one behind ours.
        time.sleep(1)
        written, read, settled = 0, 0, list[int]()
        batch = min(BATCH, count // 10)
        batches = count // batch
        # The last third is one life.
        restarts = set(self.chance.sample(range(1, batches * 2 // 3), min(RESTARTS, batches // 8)))
        self._mark()
        while written < count:
            taken = self.office.smtp.transactions
            self.people.read(taken[read:])
            read = len(taken)
            now = self._now()
            with self.office.imap.login(self.office.user) as session:
                for raw in self.people.write(min(batch, count - written), now):
                    session.append("INBOX", "", imaplib.Time2Internaldate(now), raw)
                    written += 1
            if written // batch in restarts:
                self._restart(self.chance.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM)))
            elif self.chance.random() < FAULTS and self.faults.strike():
                self.troubled = time.monotonic()
            if written % (4 * batch) == 0 and settled:
                person_in_the_mailbox(self.office, settled, self.chance)
            if not self._wait(written - batch):
                self.wrong.append(f"stuck: {written} written, {len(self.verdicts.uids)} with a verdict")
                break
            settled = sorted(self.verdicts.uids)[-500:]
            self.faults.file_in_sent()
            self._sample()
            if written % MARK == 0:
                self._mark()
        self._wait(written)
        self._sample()
        self.seconds = time.monotonic() - self.begun
        self._ended(signal.SIGTERM)

    def end(self) -> None:
        """Whatever has happened, leave no process behind."""
        self.daemon.kill()
        self.daemon.wait()

    def settle(self) -> None:
        """What waits for minutes, or is looked for during an hour, comes to its end."""
        self.faults.heal()
        self.office.now = self._now()
        for minutes in (7, 61, 7):
            self.office.pass_time(minutes=minutes)
            # Thousands may wait to be sent, where the submission server was silent at last.
            self.office.once(seconds=3600)
            self.faults.file_in_sent()

    def _now(self) -> datetime:
        return MONDAY + timedelta(seconds=time.monotonic() - self.begun)

    def _started(self) -> subprocess.Popen[bytes]:
        self.office.now = self._now()
        command = [sys.executable, *self.program, "run", "--config", str(self.office.config)]
        with (self.office.folder / "daemon.log").open("a") as log:
            return subprocess.Popen(command, env=self.office.environment(self.office.now), stdout=log, stderr=log)

    def _ended(self, how: signal.Signals) -> None:
        self.daemon.send_signal(how)
        try:
            status = self.daemon.wait(60)
        except subprocess.TimeoutExpired:
            self.end()
            self.wrong.append(f"{how.name} was not obeyed within a minute")
            return
        # One that is only just starting ends by SIGTERM itself.
        if status not in (0, -how):
            self.wrong.append(f"the daemon ended with {status}")

    def _restart(self, how: signal.Signals) -> None:
        self._sample()
        self._ended(how)
        self.signals[how] += 1
        self.worked_before += self.samples[-1].worked
        self.known_before = self.verdicts.look()
        self.lives += 1
        self.daemon, self.troubled = self._started(), time.monotonic()

    def _wait(self, count: int) -> bool:
        until, before = time.monotonic() + PATIENCE, len(self.verdicts.uids)
        while (known := self.verdicts.look()) < count:
            if self.faults.look() == "IMAP" and self.troubled is None:
                self.troubled = time.monotonic()
            if known > before and self.troubled is not None:
                self.recovery, self.troubled = max(self.recovery, time.monotonic() - self.troubled), None
            before = known
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        self.faults.look()
        return True

    def _sample(self) -> None:
        known = self.verdicts.look()
        usual = statistics.median([each.files for each in self.samples] or [0])
        self.samples.append(sample(self.daemon.pid, self.lives, known, known - self.known_before, usual))

    def _mark(self) -> None:
        worked = self.samples[-1].worked if self.samples and self.samples[-1].life == self.lives else 0.0
        self.marks.append((time.monotonic(), self.worked_before + worked))
        if len(self.marks) > 1:
            wall, work = (late - early for early, late in zip(self.marks[-2], self.marks[-1], strict=True))
            print(f"{MARK} messages in {wall:.0f} s, {work:.0f} s on a processor; {self.samples[-1]}", flush=True)


def soak(count: int, program: tuple[str, ...] = ("-m", "mailbot")) -> Figures:
    """Run it and return what it came to."""
    chance = random.Random(1)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        dovecot = stack.enter_context(running_dovecot())
        sink = stack.enter_context(running_smtp(port=free_ports(1)[0]))
        proxies = {"IMAP": stack.enter_context(cutting_proxy(dovecot.port)), "SMTP": stack.enter_context(cutting_proxy(sink.port))}
        ports = dovecot.port, sink.port
        # mailbot reaches both through a proxy, everybody else does not.
        dovecot.port, sink.port = proxies["IMAP"].port, proxies["SMTP"].port
        office = Office(folder, dovecot, sink, **CAPS, files_sent="true" if count > FILED else "false")
        dovecot.port, sink.port = ports
        dovecot.create_folder(office.user, "Archive")
        faults = Faults(office, sink, proxies, chance, files=count > FILED)
        stack.callback(faults.close)
        under_way = Soak(office, faults, People(office, chance), chance, program)
        stack.callback(under_way.end)
        under_way.run(count)
        under_way.settle()
        return _figures(under_way, count)


def _figures(done: Soak, count: int) -> Figures:
    samples = done.samples
    outbox = done.office.json("outbox", "list")
    within, across = growth_within(samples), growth_across(samples)
    pace = tuple((late[0] - early[0], late[1] - early[1]) for early, late in zip(done.marks, done.marks[1:], strict=False))
    wrong = [*done.wrong, *broken(done.office, done.people, outbox)]
    if slower([work for _, work in pace]):
        wrong.append("the messages take longer and longer")
    wrong += growing(samples)
    log = (done.office.folder / "daemon.log").read_text(encoding="utf-8")
    wrong += [f"the log says {words!r}" for words in ("a bug", "could not be handled", "could not be sent", "Traceback") if words in log]
    return Figures(
        messages=count,
        seconds=done.seconds,
        out=len(done.office.smtp.transactions),
        twice_to_staff=twice(done.office)[1],
        held=sum(entry["state"] == "held" for entry in outbox),
        kills=done.signals[signal.SIGKILL],
        terms=done.signals[signal.SIGTERM],
        struck=dict(sorted(done.faults.struck.items())),
        recovery=done.recovery,
        within=within,
        across=across,
        memory=samples[-1].memory,
        files=max(each.files for each in samples),
        threads=max(each.threads for each in samples),
        pace=pace,
        journals={path.name: path.stat().st_size for path in sorted((done.office.folder / "state").glob("*.jsonl"))},
        wrong=tuple(wrong),
    )


if __name__ == "__main__":
    figures = soak(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
    print(figures)
    sys.exit(1 if figures.wrong else 0)
