"""The verbs of `mailbot`: read the arguments, do it, print it, and end with 0 (done), 1 (failed) or 2 (wrong usage or configuration)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from mailbot import __version__, verbs
from mailbot.errors import ConfigProblem, MailbotError


def main(arguments: Sequence[str] | None = None) -> int:
    """Given the command line (None: of this process), carry it out and return the exit status."""
    options = _parser().parse_args(arguments)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mailbot",
        description="Job applications by e-mail, from the first letter to the test week.",
        epilog="Exit status: 0 done, 1 failed, 2 wrong usage or configuration.",
    )
    parser.add_argument("--version", action="version", version=f"mailbot {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", type=Path, metavar="FILE", help=f"the configuration; default: {', then '.join(verbs.CONFIG)}")
    json = argparse.ArgumentParser(add_help=False)
    json.add_argument("--json", action="store_true", help="print JSON for programs")
    parts = parser.add_subparsers(title="verbs", metavar="VERB", required=True)

    def verb(name: str, run: object, help: str, *more: argparse.ArgumentParser, epilog: str = "") -> argparse.ArgumentParser:
        added = parts.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".", epilog=epilog, parents=[common, *more])
        added.set_defaults(run=run)
        return added

    verb("run", verbs.run, "run the daemon until SIGTERM; SIGHUP reads the configuration anew")
    verb("once", verbs.once, "one full pass: fetch, decide, send, remind; then end")
    check = verb("check", verbs.check, "say what is wrong with configuration, templates, calendar and servers", json)
    check.add_argument("--offline", action="store_true", help="do not connect to the servers")
    check.add_argument("--send", action="store_true", help="send one message to ourselves and see it arrive")
    verb("status", verbs.status, "say how mailbot is; ends with 1 unless the state is ok", json)
    listing = verb("list", verbs.list_applications, "list the applications", json)
    listing.add_argument("--stage", metavar="S", help="only those at this stage")
    listing.add_argument("--waiting", action="store_true", help="only those that wait for a person")
    show = verb("show", verbs.show, "show one application: messages, answers, history", json)
    show.add_argument("reference", metavar="REF", help="its reference, such as A-7F3K9")
    explain = verb(
        "explain",
        verbs.explain,
        "say what would be done with messages, and why; changes and sends nothing",
        json,
        epilog="Example: mailbot explain letter.eml --at 2026-05-04T10:00",
    )
    explain.add_argument("files", nargs="+", metavar="FILE", type=Path, help="a message as a file (.eml)")
    explain.add_argument(
        "--at", metavar="TIME", type=_instant, help="when it arrives, such as 2026-05-04T10:00; default: as its headers say"
    )
    explain.add_argument("--no-state", action="store_true", help="as if nothing were known yet")
    move = verb("move", verbs.move, "move an application to a stage by hand", epilog="Example: mailbot move A-7F3K9 interview")
    move.add_argument("reference", metavar="REF")
    move.add_argument("stage", metavar="STAGE")
    verb("resume", verbs.resume, "leave safe mode")
    quarantine = verb("quarantine", verbs.quarantine, "messages that could not be handled", json)
    quarantine.add_argument("what", choices=("list", "show", "retry"))
    quarantine.add_argument("id", nargs="?", metavar="ID")
    outbox = verb("outbox", verbs.outbox, "messages on their way out", json)
    outbox.add_argument("what", choices=("list", "show", "resend", "drop"))
    outbox.add_argument("id", nargs="?", metavar="ID")
    preview = verb("preview", verbs.preview, "show a template with sample facts", epilog="Example: mailbot preview questions")
    preview.add_argument("template", metavar="TEMPLATE", help="its name, such as questions")
    preview.add_argument("--language", choices=("ru", "en"), help="default: the company's")
    demo = verb("demo", verbs.demo, "see all of it work: the daemon between two servers of its own, on loopback")
    demo.add_argument("--keep", action="store_true", help="leave the servers up afterwards, for a look with your own mail client")
    demo.add_argument("--fast", action="store_true", help="do not slow down for people")
    return parser


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2026-05-04T10:00") from None
