"""What is done to the servers of a soak while it runs."""

from __future__ import annotations

import imaplib
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from cutting_proxy import CuttingProxy, Harm
from office import Office
from smtp_sink import Fault, SmtpServer, Transaction
from soak_measures import Tail

#: How far into a conversation a connection is harmed, in bytes.
_FAR = {"IMAP": 40_000, "SMTP": 8_000}
_HARMS: tuple[Harm, ...] = ("cut", "garbage", "stall")
#: A stalled connection is ended after so long, in seconds, as a router would.
_STALLED = 2.0


class Faults:
    """One at a time: what is armed, and what struck."""

    def __init__(self, office: Office, sink: SmtpServer, proxies: dict[str, CuttingProxy], chance: random.Random, *, files: bool) -> None:
        self.office, self.sink, self.proxies, self.chance = office, sink, proxies, chance
        self.struck: Counter[str] = Counter()
        self._armed: dict[str, str] = {}
        self._struck_at: dict[str, float] = {}
        self._files = files
        self._outbox = Tail(office.folder / "state/outbox.jsonl")
        self._states: dict[str, str] = {}
        self._taken = 0
        self._unfiled: list[Transaction] = []
        self._filed: set[str] = set()
        self._dovecot: subprocess.Popen[bytes] | None = None

    def strike(self) -> bool:
        """Do one of it; return whether the mailbox was gone for a moment."""
        kinds: tuple[Callable[[], bool], ...] = (self._harm_imap, self._harm_imap, self._harm_smtp, self._refuse, self._end_at_dot)
        if self.chance.random() < 0.1:
            return self._restart_dovecot()
        return self.chance.choice(kinds)()

    def look(self) -> str:
        """Count what has struck since, let stalled connections go; return the name of what struck just now, "" for nothing."""
        struck = ""
        for name, harm in tuple(self._armed.items()):
            if self.proxies[name].struck and name not in self._struck_at:
                self._struck_at[name] = time.monotonic()
                self.struck[f"{name} {harm}"] += 1
                struck = name
            if name in self._struck_at and time.monotonic() - self._struck_at[name] > (_STALLED if harm == "stall" else 0):
                self.proxies[name].heal()
                del self._armed[name], self._struck_at[name]
        return struck

    def heal(self) -> None:
        for proxy in self.proxies.values():
            proxy.heal()
        self._armed.clear()
        self._struck_at.clear()

    def file_in_sent(self) -> None:
        """As a server does that files what it sends, and as any may that took a message and lost its answer: every second one of those."""
        for event in self._outbox.more():
            if event["event"] == "planned":
                self._states[event["entry"]["id"]] = event["entry"]["state"]
            elif event["event"] in {"sent", "unknown"}:
                self._states[event["id"]] = event["event"]
        taken = self.sink.transactions
        self._unfiled += taken[self._taken :]
        self._taken = len(taken)
        left = []
        with self.office.imap.login(self.office.user) as session:
            for transaction in self._unfiled:
                state = self._states.get(intent := transaction.data.partition(b"\nMessage-ID: <mb1.")[2][:16].decode())
                if state not in {"sent", "unknown"}:
                    left.append(transaction)
                elif intent not in self._filed and (self._files if state == "sent" else self.chance.random() < 0.5):
                    session.append("Sent", "", imaplib.Time2Internaldate(self.office.now), transaction.data)
                    self._filed.add(intent)
                    if state == "unknown":
                        self.struck["lost reply, filed by the server"] += 1
        self._unfiled = left

    def close(self) -> None:
        if self._dovecot:
            self._dovecot.kill()
            self._dovecot.wait()

    def _harm_imap(self) -> bool:
        return self._arm("IMAP")

    def _harm_smtp(self) -> bool:
        return self._arm("SMTP")

    def _arm(self, name: str) -> bool:
        if name not in self._armed:
            harm = self.chance.choice(_HARMS)
            self.proxies[name].arm(self.chance.choice(("commands", "answers")), self.chance.randrange(_FAR[name]), harm)
            self._armed[name] = harm
        return False

    def _refuse(self) -> bool:
        step, reply = self.chance.choice((("MAIL", "421 4.3.2 Closing"), ("RCPT", "451 4.7.1 Later"), ("DATA", "452 4.3.1 Full")))
        self.sink.script(step, reply)  # type: ignore[arg-type]
        self.struck[f"SMTP {reply[:3]}"] += 1
        return False

    def _end_at_dot(self) -> bool:
        taken = self.chance.random() < 0.7
        self.sink.script("DOT", Fault(accept=taken))
        self.struck["SMTP closed after the dot, " + ("taken" if taken else "not taken")] += 1
        return False

    def _restart_dovecot(self) -> bool:
        assert self.office.imap.homes is not None
        folder: Path = self.office.imap.homes.parent
        running = folder / "run/master.pid"
        os.kill(int(running.read_text()), signal.SIGKILL)
        # Who started it has not taken it off the list of processes, so the new one would believe that it lives.
        running.unlink()
        if self._dovecot:
            self._dovecot.wait()
        until = time.monotonic() + 30
        environ = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin"}
        while time.monotonic() < until:
            # Its ports are free once the children have noticed.
            time.sleep(0.5)
            self._dovecot = subprocess.Popen(["dovecot", "-F", "-c", str(folder / "dovecot.conf")], env=environ)
            time.sleep(0.5)
            if self._dovecot.poll() is None:
                break
        self.struck["Dovecot restarted"] += 1
        return True
