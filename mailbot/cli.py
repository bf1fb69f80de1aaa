"""The verbs of `mailbot`: read the arguments, do it, print it, and end with 0 (done), 1 (failed) or 2 (wrong usage or configuration)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from mailbot import __version__, stuck, verbs
from mailbot.errors import ConfigProblem, MailbotError


def main(arguments: Sequence[str] | None = None) -> int:
    """Given the command line (None: of this process), carry it out and return the exit status."""
    options = parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except ConfigProblem as problem:
        for each in problem.problems:
            print(each, file=sys.stderr)
        return 2
    except MailbotError as problem:
        print(f"mailbot: {problem}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read our output has seen enough; there must be no second complaint when Python closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


def parser() -> argparse.ArgumentParser:
    """The whole command line: every verb with its help, its options and the function that carries it out."""
    whole = argparse.ArgumentParser(
        prog="mailbot",
        description="Job applications by e-mail, from the first letter to the test week.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=f"mailbot {__version__}")
    configured = argparse.ArgumentParser(add_help=False)
    configured.add_argument("--config", type=Path, metavar="FILE", help=f"the configuration; default: {', then '.join(verbs.CONFIG)}")
    json = argparse.ArgumentParser(add_help=False)
    json.add_argument("--json", action="store_true", help="print JSON for programs")
    parts = whole.add_subparsers(title="verbs", metavar="VERB", required=True)

    def verb(name: str, run: object, help: str, about: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        """One verb: `help` for the list of verbs, `about` (what it does, an empty line, examples) for its own help."""
        text, _, examples = about.partition("\n\n")
        added = parts.add_parser(
            name,
            help=help,
            description=text,
            epilog=examples,
            parents=parents,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(run=run)
        return added

    verb("run", verbs.run, "run the daemon until SIGTERM; SIGHUP reads the configuration anew", _RUN, configured)
    verb("once", verbs.once, "one full pass: fetch, decide, send, remind; then end", _ONCE, configured)
    check = verb("check", verbs.check, "say what is wrong with configuration, templates, calendar and servers", _CHECK, configured, json)
    check.add_argument("--offline", action="store_true", help="do not connect to the servers")
    check.add_argument("--send", action="store_true", help="send one message to ourselves and see it arrive")
    verb("status", verbs.status, "say how mailbot is; ends with 1 unless the state is ok", _STATUS, configured, json)
    listing = verb("list", verbs.list_applications, "list the applications", _LIST, configured, json)
    listing.add_argument("--stage", metavar="S", help="only those at this stage, such as review")
    listing.add_argument("--waiting", action="store_true", help="only those that wait for a person")
    show = verb("show", verbs.show, "show one application: messages, answers, history", _SHOW, configured, json)
    show.add_argument("reference", metavar="REF", help="its reference, such as A-7F3K9")
    explain = verb(
        "explain", verbs.explain, "say what would be done with messages, and why; changes and sends nothing", _EXPLAIN, configured, json
    )
    explain.add_argument("files", nargs="+", metavar="FILE", type=Path, help="a message as a file (.eml)")
    explain.add_argument(
        "--at", metavar="TIME", type=_instant, help="when it arrives, such as 2026-05-04T10:00; default: as its headers say"
    )
    explain.add_argument("--no-state", action="store_true", help="as if nothing were known yet")
    adopt = verb("adopt", verbs.adopt, "take in older letters, which the first start has left alone", _ADOPT, configured)
    adopt.add_argument(
        "--since", metavar="DATE", type=_date, required=True, help="those that came on this day or later, such as 2026-05-04"
    )
    adopt.add_argument(
        "--folder",
        metavar="NAME",
        action="append",
        default=[],
        help="take them from this folder; may be given again; default: those watched",
    )
    adopt.add_argument("--answer", action="store_true", help="answer the candidates as if their letters came now")
    move = verb("move", verbs.move, "move an application to a stage by hand", _MOVE, configured)
    move.add_argument("reference", metavar="REF", help="its reference, such as A-7F3K9")
    move.add_argument("stage", metavar="STAGE", help="the id of a [[stages]] table, such as interview")
    verb("resume", verbs.resume, "leave safe mode, or a held clock", _RESUME, configured)
    quarantine = verb("quarantine", stuck.quarantine, "messages that could not be handled", _QUARANTINE, configured, json)
    quarantine.add_argument("what", choices=("list", "show", "retry"), help="what to do")
    quarantine.add_argument("id", nargs="?", metavar="ID", help="one message, as the list has it")
    outbox = verb("outbox", stuck.outbox, "messages on their way out", _OUTBOX, configured, json)
    outbox.add_argument("what", choices=("list", "show", "resend", "drop"), help="what to do")
    outbox.add_argument("id", nargs="?", metavar="ID", help="one message, as the list has it")
    breaker = verb("breaker", stuck.breaker, "what stops a loop or a storm of mail", _BREAKER, configured)
    breaker.add_argument("what", choices=("show", "close"), help="what to do")
    preview = verb("preview", verbs.preview, "show a template with sample facts", _PREVIEW, configured)
    preview.add_argument("template", metavar="TEMPLATE", help="its name, such as questions")
    preview.add_argument("--language", choices=("ru", "en"), help="default: the company's")
    demo = verb("demo", verbs.demo, "see all of it work: the daemon between two servers of its own, on loopback", _DEMO)
    demo.add_argument("--keep", action="store_true", help="leave the servers up afterwards, for a look with your own mail client")
    demo.add_argument("--fast", action="store_true", help="do not slow down for people")
    return whole


_EPILOG = """\
examples:
  mailbot demo                           see all of it work; needs nothing
  mailbot check                          what is wrong, in words, before anything runs
  mailbot list --waiting                 who waits for a person
  mailbot explain letter.eml             what would be done with a letter, and why

Exit status: 0 done, 1 failed, 2 wrong usage or configuration. Each verb has a --help of its own."""

_RUN = """\
Watch the mailbox and do what is due, until SIGTERM, which finishes the message in hand.
SIGHUP reads the configuration anew; one that can not be used is named in the log, and the one before stays.
The first run on a mailbox answers nothing that is there already.

A mailbox that can not be reached ends nothing: it is tried again. Ends with 1 if mailbot runs already, with 2 for a
configuration that can not be used."""

_ONCE = """\
One full pass over the mailbox: fetch, decide, send, remind, all that is due; then end.
For a trial, or a timer instead of the daemon. Ends with 1 if mailbot runs already or a server can not be reached."""

_CHECK = """\
Look at everything that can be wrong before it goes wrong: configuration, secrets, templates, calendar, state, and both
servers, which are logged in to. Every problem is told at once, with what to do. Nothing is changed anywhere.

Ends with 0 if mailbot can run (there may be warnings), else with 2.

examples:
  mailbot check --offline                without the servers
  mailbot check --send                   also send one message to the job address and wait for it"""

_STATUS = """\
Say how mailbot is: ok, degraded (something waits for ops), safe (nothing is sent to candidates) or stopped.
Asks the running daemon; without one it reads the state folder. Ends with 1 unless the state is ok.

example, for monitoring:
  mailbot status --json"""

_LIST = """\
List the applications, from the catalogue alone.

examples:
  mailbot list --waiting                 those that wait for a person
  mailbot list --stage review --json     those at one stage, for a program"""

_SHOW = """\
Show one application: its facts, questions and answers, messages with the files they lie in, attachments, what is on
its way out, and the history with the reason of every step.

example:
  mailbot show A-7F3K9"""

_EXPLAIN = """\
Say what would be done with messages, and why, with what is known of their senders. Changes and sends nothing.

examples:
  mailbot explain letter.eml --at 2026-05-04T10:00
  mailbot explain --no-state --json *.eml"""

_ADOPT = """\
Take in letters that lay in the mailbox at the first start, and were left alone. Each gets a record and is shown to
the recruiters; their time to answer begins now. No candidate is answered, unless --answer is given; and even then
none to whom somebody has written from the mailbox since. The same order again takes in only what is left.

With --folder they are taken from the folders that it names, and from no other: the archive, or one that people have
sorted letters into. What was taken in before under another number is no news.

A running daemon does it between its other work; without one, this is a whole pass, as `mailbot once`.

examples:
  mailbot adopt --since 2026-05-04       record them, and let the recruiters answer
  mailbot adopt --since 2026-05-04 --answer
  mailbot adopt --since 2026-05-04 --folder Archive --folder INBOX.Candidates"""

_MOVE = """\
Move an application to a stage by hand; what that stage sends goes to the candidate. All its letters count as looked at.

examples:
  mailbot move A-7F3K9 interview
  mailbot move A-7F3K9 rejected          the only way to a refusal: mailbot never refuses anybody by itself"""

_RESUME = """\
Leave safe mode: what waited goes out, and messages to candidates are sent as before. Look at `mailbot list` and
`mailbot outbox list` first: safe mode means that the state was lost or damaged, or is an old backup.

It also says that the machine's clock is right. After a jump escalations and reminders wait for that; `mailbot status`
tells of it."""

_QUARANTINE = """\
Messages that could not be handled; each is kept byte for byte until it could be.

  list    what is there, and why
  show    the bytes of one, to standard output
  retry   take one in as if it came now; it stays if that fails again

examples:
  mailbot quarantine list
  mailbot quarantine show ID > letter.eml"""

_OUTBOX = """\
Messages on their way out, and those that ended in the last two days.

  list    each with its state: planned, committed, sent, retry, failed, unknown, held or dropped
  show    the bytes of one, to standard output
  resend  send one that has not gone out, whatever the caps say
  drop    never send it

example:
  mailbot outbox resend ID"""

_BREAKER = """\
The breaker opens when one address sends the same text five times in an hour, when three times [limits] total_per_hour
automatic messages are decided on in an hour, or when the mail provider says that enough was sent. While it is open
nothing automatic goes to candidates; after a provider's word nothing at all is sent for a day. Only a person closes it.

  show    open or closed, since when and why
  close   end whatever is behind it first: what waited goes out, and the same again opens it again

example:
  mailbot breaker show"""

_PREVIEW = """\
Show a template as it is sent, filled in with sample facts. An unknown name lists all there are.

example:
  mailbot preview questions --language en"""

_DEMO = """\
See all of it work, without a configuration, root or a network: the daemon between an IMAP and an SMTP server of its
own, on loopback, with office time running fast. Ends with 1 if an outcome is not what it should be.

examples:
  mailbot demo --keep                    leave the servers up and print the login for your own mail client
  mailbot demo --fast                    without the pauses for people"""


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2026-05-04") from None


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2026-05-04T10:00") from None
