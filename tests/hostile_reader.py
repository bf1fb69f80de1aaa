"""A reader of messages that a message can make do anything, as a hostile one would the real reader.

Reader(HOSTILE).read(order("segfault"))        # what a deed is called is the whole body of the message
"""

from __future__ import annotations

HEAD = b"From: Ivan <ivan@example.ru>\r\nTo: job@firm.ru\r\nMessage-ID: <1@example.ru>\r\nDate: Mon, 23 Nov 2026 10:15:00 +0500\r\n"
#: What is no deed is read as the real reader does. The subject "state" it answers with: the number of its process, how many messages it has
#: read, the names in its environment, and the numbers of what it has open.
HOSTILE = """
import ctypes, os, signal, socket, sys, time
from dataclasses import replace
from mailbot.mail import messages, parcel

messages.CPU_SECONDS = 1
count = 0

def grow():
    heap = []
    while True:
        heap.append(bytes(10_000_000))

def deeper():
    return deeper()

def spin():
    while True:
        pass

def fill(what):
    def write(file, found):
        file.write(what)
        file.flush()
    parcel.write = write
    raise ValueError

def late():
    if count > 1:
        os.abort()

DEEDS = {
    "segfault": lambda: ctypes.string_at(0),
    "exit": lambda: os._exit(3),
    "end well": lambda: os._exit(0),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "hang": lambda: time.sleep(60),
    "spin": spin,
    "grow": grow,
    "deeper": deeper,
    "bug": lambda: {}["Ivan"],
    "garbage": lambda: fill(b"[" * 1_000_000),
    "nothing": lambda: fill(b""),
    "too much": lambda: fill(b"x" * (parcel.LIMIT + 1)),
    "hang up": lambda: socket.socket(fileno=os.dup(0)).shutdown(socket.SHUT_RDWR),
    "crash unless fresh": late,
}

def read(raw):
    global count
    count += 1
    found = messages.read(raw)
    DEEDS.get(found.message.text, int)()
    if found.message.subject != "state":
        return found
    state = [os.getpid(), count, *sorted(os.environ), *sorted(os.listdir("/proc/self/fd"), key=int)]
    return replace(found, message=replace(found.message, subject=" ".join(map(str, state))))

messages.serve(read)
"""


def order(deed: str, head: bytes = HEAD) -> bytes:
    """A message that orders the deed."""
    return head + b"Subject: state\r\n\r\n" + deed.encode() + b"\r\n"
