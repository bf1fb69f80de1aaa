"""How soon the answer goes out, and what the idle daemon costs: printed as medians and as an excess over a raw client.

A real Dovecot, a real SMTP server, the real daemon. A letter is delivered by LMTP; its answer is timed at the SMTP
server. In the same run a raw client idles in a second mailbox that gets the same letter at the same moment: Dovecot
holds its notice back by half a second, so only the excess over that client is mailbot's own.

    python bench/reply.py [LETTERS]
"""

from __future__ import annotations

import socket
import statistics
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from dovecot_server import free_ports, running_dovecot
from imap_server import ImapServer
from office import Office
from smtp_sink import running_smtp

LETTERS = int(sys.argv[1]) if len(sys.argv) > 1 else 20


def main() -> None:
    with tempfile.TemporaryDirectory() as name, running_dovecot() as imap:
        folder = Path(name)
        with running_smtp(port=free_ports(1)[0]) as smtp:
            caps = {"total_per_hour": "100000", "address_per_day": "1000", "provider_per_day": "100000"}
            office = Office(folder, imap, smtp, **caps, opens='"00:00"', closes='"23:59"')
            raw_user = imap.new_user()
            with office.running(faked=False) as daemon:
                _wait_until_ready(folder / "daemon.log")
                replies, notices = [], []
                for number in range(LETTERS):
                    seen = threading.Event()
                    raw = RawClient(imap, raw_user, seen)
                    before = len(office.sent())
                    letter = _letter(number)
                    imap.deliver(raw_user, letter)
                    raw_start = time.monotonic()
                    imap.deliver(office.user, letter)
                    own_start = time.monotonic()
                    while len(smtp.transactions) <= before:
                        time.sleep(0.001)
                    replies.append(time.monotonic() - own_start)
                    seen.wait(10)
                    notices.append(raw.woke - raw_start)
                    time.sleep(0.3)
                share = statistics.median(replies) - statistics.median(notices)
                print(f"letters                                   {LETTERS}")
                print(f"delivery to a raw client that idles       {_spread(notices)}")
                print(f"delivery to the reply at the SMTP server  {_spread(replies)}")
                print(f"mailbot's own share                       {share * 1000:6.0f} ms")
                print(f"resident memory of the idle daemon        {_resident(daemon.pid):6.1f} MB")


def _spread(seconds: list[float]) -> str:
    """Median and range in milliseconds."""
    return f"{statistics.median(seconds) * 1000:6.0f} ms   median [{min(seconds) * 1000:.0f}..{max(seconds) * 1000:.0f}]"


class RawClient:
    """The least an IMAP client can do: log in, IDLE, and note the moment of the first EXISTS."""

    def __init__(self, imap: ImapServer, user: str, seen: threading.Event) -> None:
        self.woke = 0.0
        self._seen = seen
        self._socket = socket.create_connection(("127.0.0.1", imap.port))
        self._file = self._socket.makefile("rb")
        self._file.readline()
        for tag, command in (("a", f"LOGIN {user} {imap.password}"), ("b", "SELECT INBOX")):
            self._socket.sendall(f"{tag} {command}\r\n".encode())
            while not self._file.readline().startswith(tag.encode()):
                pass
        self._socket.sendall(b"c IDLE\r\n")
        self._file.readline()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while b"EXISTS" not in self._file.readline():
            pass
        self.woke = time.monotonic()
        self._seen.set()
        self._socket.close()


def _letter(number: int) -> bytes:
    message = EmailMessage()
    message["From"] = f"Candidate {number} <candidate{number}@mail.ru>"
    message["To"] = "job@up-advert.ru"
    message["Subject"] = "Отклик на вакансию Аккаунт-менеджер"
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = make_msgid(domain="candidates.example")
    message.set_content("Здравствуйте! Хочу работать у вас аккаунт-менеджером.\n")
    return message.as_bytes()


def _wait_until_ready(log: Path) -> None:
    for _ in range(200):
        if log.exists() and "read to the end" in log.read_text():
            return
        time.sleep(0.1)
    raise SystemExit(f"the daemon did not get ready: {log.read_text()}")


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
