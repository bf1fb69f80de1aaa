"""A soak: so many messages through Dovecot and the real daemon, with cut connections and kills; nothing lost, nothing twice, all flat?

python tests/torture/soak.py [MESSAGES]        20,000 unless said otherwise; prints figures, ends with 1 if something is wrong
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from applicants import LETTER, SUBJECT  # noqa: E402 - found by the line above
from cutting_proxy import cutting_proxy  # noqa: E402
from dovecot_server import free_ports, running_dovecot  # noqa: E402
from office import JOB, Office  # noqa: E402
from smtp_sink import running_smtp  # noqa: E402

BATCH = 50
KILLS, CUTS = 8, 16


def letter(number: int) -> bytes:
    """One letter in five applies, the others are machines' and strangers'."""
    message = EmailMessage()
    message["From"], message["To"] = f"sender{number}@domain{number % 97}.example", JOB
    message["Date"], message["Message-ID"] = format_datetime(datetime.now(UTC)), f"<soak.{number}@domain{number % 97}.example>"
    message["Subject"] = SUBJECT if number % 5 == 0 else f"Сообщение {number}"
    if number % 5 in (1, 2):
        message["Auto-Submitted"] = "auto-replied"
    message.set_content(f"{LETTER if number % 5 == 0 else 'Здравствуйте!'}\n{number}\n")
    return message.as_bytes().replace(b"\n", b"\r\n")


def held(pid: int) -> tuple[int, int, int]:
    """Resident memory in kB, open files, threads."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]), len(os.listdir(f"/proc/{pid}/fd")), int(status["Threads"])  # noqa: PTH208


def events(path: Path) -> Iterator[dict[str, object]]:
    for line in path.read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n"):
            yield json.loads(line)["event"]


def verdicts(office: Office) -> int:
    """How many messages of INBOX have one."""
    ledger = office.folder / "state/ledger.jsonl"
    return len({event["uid"] for event in events(ledger) if event["event"] == "verdict" and event["folder"] == "INBOX"})


def soak(count: int) -> bool:
    """Run it, print the figures, and return whether all is well."""
    chance = random.Random(1)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        dovecot = stack.enter_context(running_dovecot())
        sink = stack.enter_context(running_smtp(port=free_ports(1)[0]))
        proxy = stack.enter_context(cutting_proxy(dovecot.port))
        port, dovecot.port = dovecot.port, proxy.port
        office = Office(folder, dovecot, sink)
        dovecot.port = port
        log = stack.enter_context((folder / "daemon.log").open("w"))

        def started() -> subprocess.Popen[bytes]:
            environ = os.environ | {"PYTHONPATH": str(ROOT)}
            return subprocess.Popen(
                [sys.executable, "-m", "mailbot", "run", "--config", str(office.config)], env=environ, stdout=log, stderr=log
            )

        daemon = started()
        ledger = folder / "state/ledger.jsonl"
        while not ledger.exists() or not any(event["event"] == "contact" and event["folder"] == "INBOX" for event in events(ledger)):
            time.sleep(0.2)
        time.sleep(2)
        begun, samples, kills, cuts = time.monotonic(), [], 0, 0
        for first in range(0, count, BATCH):
            with dovecot.login(office.user) as session:
                for number in range(first, min(first + BATCH, count)):
                    session.append("INBOX", "", "", letter(number))
            while verdicts(office) < first:
                time.sleep(0.5)
            samples.append(held(daemon.pid))
            if chance.random() < KILLS * BATCH / count:
                daemon.send_signal(signal.SIGKILL)
                daemon.wait()
                daemon, kills = started(), kills + 1
                time.sleep(1)
            elif chance.random() < CUTS * BATCH / count:
                proxy.heal()
                cuts += 1
        while (known := verdicts(office)) < count and time.monotonic() - begun < 60 + count:
            time.sleep(1)
        took = time.monotonic() - begun
        samples.append(held(daemon.pid))
        daemon.terminate()
        status = daemon.wait(60)
        filed = Counter(
            row["message_id"]
            for record in (folder / "state").glob("*/**/record.json")
            for row in json.loads(record.read_bytes())["tables"]["messages"].values()
            if row["direction"] == "in"
        )
        went = Counter(transaction.data for transaction in sink.transactions)
        lost = sum(f"<soak.{number}@domain{number % 97}.example>" not in filed for number in range(count))
        print(f"{count} messages in {took:.0f} s, {kills} kills, {cuts} cut connections; the daemon ended with {status}")
        print(f"verdicts {known}, lost {lost}, filed twice {sum(n > 1 for n in filed.values())}")
        print(f"messages out {sum(went.values())}, twice {sum(n > 1 for n in went.values())}")
        for name, place in (("memory, kB", 0), ("open files", 1), ("threads", 2)):
            values = [sample[place] for sample in samples]
            print(f"{name}: first {values[0]}, middle {values[len(values) // 2]}, last {values[-1]}, most {max(values)}")
        return known == count and not lost and max(filed.values()) == 1 and max(went.values()) == 1 and status == 0


if __name__ == "__main__":
    sys.exit(0 if soak(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000) else 1)
