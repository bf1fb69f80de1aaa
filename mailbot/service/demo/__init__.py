"""The demo: the true daemon between an IMAP and an SMTP server, and people who write to it; office time runs fast."""

from __future__ import annotations

from mailbot.service.demo.show import show
from mailbot.service.demo.story import STORY


def demo(*, keep: bool, fast: bool) -> int:
    """Show the whole story and return the exit status: 0 if everything ended as its table says, 1 if not, 130 after Ctrl-C.

    `fast` makes no pauses for people. `keep` leaves servers and daemon up afterwards, until Ctrl-C.
    """
    return show(STORY, keep=keep, fast=fast)
