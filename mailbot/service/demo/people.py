"""The people of the story: what they write is made from what has really reached them."""

from __future__ import annotations

from datetime import datetime

from mailbot.errors import Permanent
from mailbot.hiring.model import Message
from mailbot.mail.parse import parse
from mailbot.service.demo.letters import Draft, between_lines, numbered, questions_in, written
from mailbot.service.demo.servers import SENT, Held, Servers
from mailbot.service.demo.story import Act


def perform(act: Act, servers: Servers, at: datetime) -> None:
    """Have somebody write, and the letter arrive at `at`. Raise Permanent if what they would answer has not reached them."""
    if act.answers == "again":
        servers.deliver(servers.job, _newest_of(act.writer.address, servers).raw, at)
        return
    answered = _answered(act, servers)
    text = act.text
    if act.numbered:
        assert answered is not None  # numbers are those of a letter
        unasked = act.numbered.keys() - questions_in(answered).keys()
        if unasked:
            raise Permanent(f"the letter that reached {act.writer.name} asks no question {min(unasked)}")
        text = between_lines(answered, act.numbered) if act.between else f"{act.text}\n\n{numbered(act.numbered)}".strip()
    to = act.about.address if act.answers == "candidate" and act.about else servers.job
    draft = Draft(act.writer, to, text, act.subject, act.files, answered, act.between, act.absence)
    raw = written(draft, at)
    servers.deliver(to, raw, at)
    if to != servers.job:
        # As a mail client does that writes from the shared mailbox.
        servers.deliver(servers.job, raw, at, SENT)


def _answered(act: Act, servers: Servers) -> Message | None:
    """The newest message that the act answers, as the servers hold it."""
    if not act.answers:
        return None
    about = act.about.address if act.about else ""
    if act.answers == "candidate":
        return parse(_newest_of(about, servers).raw)
    mine = (parse(taken.raw) for taken in reversed(servers.taken) if taken.to == act.writer.address)
    # A recruiter looks for the candidate in the notices.
    newest = next((letter for letter in mine if about in letter.text), None)
    if newest is None:
        raise Permanent(f"nothing has reached {act.writer.name} that could be answered")
    return newest


def _newest_of(address: str, servers: Servers) -> Held:
    """The newest letter from an address in our INBOX."""
    for held in reversed(servers.messages(servers.job, "INBOX")):
        sender = parse(held.raw).sender
        if sender and sender.address == address:
            return held
    raise Permanent(f"nothing has come from {address}")
