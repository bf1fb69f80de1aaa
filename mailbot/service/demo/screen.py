"""The screen of the demo: a timeline in columns, the table of applications, and what a person needs to look further."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.live import Live
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from mailbot.hiring.case import Case
from mailbot.hiring.stages import stage
from mailbot.service.demo.home import Home
from mailbot.service.demo.onlooker import Onlooker
from mailbot.service.demo.outcome import Outcome
from mailbot.service.demo.servers import HOST, Servers
from mailbot.service.demo.timeline import Line, day_of

#: Columns of time, reference and mark, with the gaps between them.
_BEFORE = 5 + 2 + 7 + 2 + 4 + 2
_STYLES = {"came": "cyan", "so": "yellow", "sent": "green"}
#: Wider lines are hard to read.
_WIDEST = 110


class Screen:
    """Prints; remembers only which day and which application it spoke of last."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._day = self._reference = ""
        self._now = Text()
        console.width = min(console.width, _WIDEST)

    def say(self, text: str, style: str = "") -> None:
        """One paragraph; whatever stands in it has no power over the terminal."""
        self._console.print(Text(printable(text), style))

    def path(self, text: str) -> None:
        """A path or a command on a line of its own, however long, so that it can be copied."""
        self._console.print(Text(text, "dim"), soft_wrap=True)

    def introduction(self, servers: Servers, home: Home, candidates: int) -> None:
        """What there is to see."""
        self._console.print(Text.assemble(("mailbot demo", "bold"), f"  {candidates} people apply for work, and a recruiter who is busy."))
        for text in (
            "The daemon is the true one, as a process of its own. Office time runs fast.",
            f"IMAP server  {HOST}:{servers.imap_port}  pymap",
            f"SMTP server  {HOST}:{servers.smtp_port}  aiosmtpd",
            f"all files    {home.folder}",
        ):
            self.path(text)
        self._console.print()
        legend = {"came": "a message arrives", "so": "what mailbot makes of it, and why", "sent": "what goes out"}
        self._console.print(Text(" · ").join(Text.assemble((mark, _STYLES[mark]), f" {words}") for mark, words in legend.items()))

    @contextmanager
    def live(self) -> Iterator[None]:
        """Below what is printed the office's clock runs, on a terminal."""
        if not self._console.is_terminal:
            yield
            return
        with Live(console=self._console, get_renderable=lambda: self._now, refresh_per_second=15, transient=True):
            yield

    def clock(self, now: datetime, doing: str) -> None:
        """What the office's clock shows, and what is going on."""
        self._now = Text.assemble((f" {now:%a %d %b %H:%M} ", "bold reverse"), ("  " + doing, "dim"))

    def line(self, line: Line, local: Callable[[datetime], datetime]) -> None:
        """One line of the timeline, under the heading of its day."""
        at = local(line.at)
        day = f"{at:%A} {at.day} {at:%B %Y}"
        if day != self._day:
            self._day, self._reference = day, "none yet"
            self._console.print()
            self._console.print(Rule(Text(day, "bold"), align="left", style="dim"))
        style = "bold red" if line.urgent else _STYLES[line.mark]
        width = self._console.width - _BEFORE
        words = Text.assemble((printable(line.text), "bold" if line.mark == "came" else style))
        for quoted in line.excerpt:
            said = Text(f"│ {printable(quoted)}", "italic")
            said.truncate(width, overflow="ellipsis")
            words.append("\n").append_text(said)
        if line.more:
            words.append(f"\n{printable(line.more)}", "dim")
        if line.mark == "came" or line.reference != self._reference:
            self._console.print()
        self._reference = line.reference
        time = (f"{at:%H:%M}  ", "bold" if line.mark == "came" else "dim")
        before = Text.assemble(time, (f"{line.reference:7}  ", "dim"), (f"{line.mark:4}  ", style))
        for each in words.wrap(self._console, width):
            each.rstrip()
            self._console.print(Text.assemble(before, each))
            before = Text(" " * _BEFORE)

    def applications(self, found: Sequence[Outcome], onlooker: Onlooker, home: Home) -> None:
        """The table of the applications, and under it where each of their messages lies."""
        company, local = onlooker.settings.company, onlooker.worktime.local
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for head in ("reference", "candidate", "position", "stage", "waits for", ""):
            table.add_column(head)
        for outcome in found:
            application = outcome.case.application if outcome.case else None
            mark = Text("✗", "bold red") if outcome.differences else Text("✓", "bold green")
            if application is None:
                table.add_row("none", outcome.ending.candidate.name, "", "", "", mark)
                continue
            position = company.position(application.position)
            waits = {"candidate": "candidate", "staff": "a person", "nobody": "nobody"}[application.waits_for]
            if application.escalated:
                waits += f"; {company.escalation.partition('@')[0]}@ was told"
            elif application.due:
                waits += f" till {day_of(local(application.due))}"
            table.add_row(
                application.reference,
                printable(application.name),
                position.id if position else "?",
                stage(company.stages, application.stage).id,
                waits,
                mark,
            )
        self._console.print()
        self._console.print(Rule(Text("The applications", "bold"), align="left", style="dim"))
        self._console.print(table)
        for outcome in found:
            for difference in outcome.differences:
                self.say(f"✗ {outcome.ending.candidate.name}: {difference}", "bold red")
        self._console.print()
        self._console.print(Rule(Text("Every message as a file", "bold"), align="left", style="dim"))
        self.say("← came, → went out; all of it in", "dim")
        self.path(f"{home.state}/")
        for case in onlooker.cases():
            self._messages(case, onlooker)

    def _messages(self, case: Case, onlooker: Onlooker) -> None:
        stamp = onlooker.store.stamp(case.reference)
        whose = printable(case.application.name) if case.application else "what belongs to no application"
        self.path(f"{stamp.path if stamp else case.reference}/messages/  {whose}")
        words = [
            f"{message.path.rpartition('/')[2]} {'←' if message.direction == 'in' else '→'} {message.kind}" for message in case.messages
        ]
        width = max(map(len, words)) + 2
        columns = max((self._console.width - 2) // width, 1)
        for start in range(0, len(words), columns):
            self.say("  " + "".join(word.ljust(width) for word in words[start : start + columns]).rstrip(), "dim")

    def logins(self, servers: Servers, who: Sequence[tuple[str, str]]) -> None:
        """What one's own mail client wants to know."""
        table = Table.grid(padding=(0, 3, 0, 0))
        for row in (
            ("IMAP", f"{HOST}, port {servers.imap_port}, no encryption"),
            ("SMTP", f"{HOST}, port {servers.smtp_port}, no encryption; login optional"),
            ("password", servers.password),
            *(("login", f"{address}  ({name})") for address, name in who),
        ):
            table.add_row(*row)
        self._console.print()
        self._console.print(Rule(Text("For your own mail client", "bold"), align="left", style="dim"))
        self._console.print(table)


def printable(text: str) -> str:
    """What strangers wrote, without control characters."""
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)
