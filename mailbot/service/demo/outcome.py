"""The outcome: how every application really ended, and where that differs from what the story demands."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from mailbot.hiring.case import Case
from mailbot.mail.parse import parse
from mailbot.service.demo.onlooker import FOLDERS, Onlooker, outgoing, verdicts
from mailbot.service.demo.servers import SENT
from mailbot.service.demo.story import Ending, Story


@dataclass(frozen=True, slots=True)
class Outcome:
    """One ending with the case as it really is, and in plain words every difference."""

    ending: Ending
    case: Case | None
    differences: tuple[str, ...]


def outcomes(story: Story, onlooker: Onlooker) -> tuple[Outcome, ...]:
    """Given the story and its onlooker, return what became of each application that the story tells of."""
    cases = [case for case in onlooker.cases() if case.application]
    known = outgoing(cases)
    found = []
    for ending in story.endings:
        mine = [case for case in cases if case.application and ending.candidate.address in case.application.addresses]
        # What the SMTP server took, in order; what it was for stands in the record.
        ids = [parse(taken.raw).message_id for taken in onlooker.servers.taken if taken.to == ending.candidate.address]
        got = tuple(known[each][1].kind if each in known else "unknown" for each in ids)
        case = mine[0] if len(mine) == 1 else None
        different = _differences(ending, case, got) if case else (f"{len(mine)} applications, not 1",)
        found.append(Outcome(ending, case, different))
    return tuple(found)


def _differences(ending: Ending, case: Case, got: tuple[str, ...]) -> tuple[str, ...]:
    application = case.application
    assert application is not None  # cases without one are left out
    pairs = (
        ("position", application.position, ending.position),
        ("stage", application.stage, ending.stage),
        ("waits for", application.waits_for, ending.waits_for),
        ("hinted", application.hinted is not None, ending.hinted),
        ("escalated", application.escalated is not None, ending.escalated),
        ("letters", ", ".join(got), ", ".join(ending.letters)),
    )
    return tuple(f"{what} is {_word(really)}, not {_word(wanted)}" for what, really, wanted in pairs if really != wanted)


def _word(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value) or "nothing"


def other_differences(story: Story, onlooker: Onlooker) -> tuple[str, ...]:
    """What differs beside the applications: letters that nobody was to answer, letters to staff, and the Sent folder."""
    ledger, cases = onlooker.ledger(), onlooker.cases()
    known = outgoing(cases)
    kinds = Counter(row.verdict for folder in FOLDERS for row in verdicts(ledger, folder))
    wrong = [f"letters that are {kind}: {kinds[kind]}, not {count}" for kind, count in story.unanswered.items() if kinds[kind] != count]
    sent = [(taken.to, parse(taken.raw).message_id) for taken in onlooker.servers.taken]
    # What candidates got stands with their applications.
    candidates = {ending.candidate.address for ending in story.endings}
    got = Counter((to, known[each][1].kind if each in known else "unknown") for to, each in sent if to not in candidates)
    wanted = {(address, purpose): count for address, purposes in story.staff.items() for purpose, count in purposes.items()}
    wrong += [
        f"{to}: {purpose} {got[to, purpose]} times, not {wanted.get((to, purpose), 0)}"
        for to, purpose in sorted(got.keys() | wanted.keys())
        if got[to, purpose] != wanted.get((to, purpose), 0)
    ]
    filed = Counter(parse(held.raw).message_id for held in onlooker.held(SENT))
    missing = [each for _, each in sent if filed[each] != 1]
    if missing:
        wrong.append(f"{len(missing)} of {len(sent)} messages do not stand in {SENT} exactly once")
    return tuple(wrong)
