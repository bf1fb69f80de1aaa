"""What happens in the world around mailbot, as a Hypothesis state machine; what is always true in it stands in `world`."""

from __future__ import annotations

from dataclasses import replace
from email.utils import parsedate_to_datetime

from applicants import LETTER, SUBJECT
from cast import CANDIDATES, MACHINES, OPENINGS, REPLIES, ROBOT, STAFF_REPLIES, WITNESS
from hands import JOB, RECRUITER
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from troubles import Troubles

from mailbot.tasks.breaker import breaker
from mailbot.tasks.held import drop, resend
from mailbot.tasks.jumps import held_clock
from mailbot.tasks.modes import safe_mode
from mailbot.tasks.orders import carry_out_order

_WHO = st.sampled_from(sorted(CANDIDATES))


class Machine(Troubles):
    """Candidates, robots, recruiters, a person in the mailbox, one at the machine; and what `troubles` adds."""

    @initialize(witness=st.booleans())
    def copies_are_asked_for(self, witness: bool) -> None:
        settings = self.hands.settings
        self.hands.settings = replace(settings, smtp=settings.smtp.model_copy(update={"witness": WITNESS if witness else ""}))
        self.restart()
        self.hands.turn()
        self.a_backup_is_made()

    # What comes

    @rule(who=_WHO, opening=st.sampled_from(OPENINGS), folder=st.sampled_from(["INBOX", "INBOX", "Junk"]), is_read=st.booleans())
    def a_candidate_applies(self, who: str, opening: str, folder: str, is_read: bool) -> None:
        letter = self.letter(f"Отклик на вакансию «{opening}»", LETTER, sender=f"{who} <{CANDIDATES[who]}>", folder=folder)
        if folder == "Junk":
            self.junk.add(str(letter["Message-ID"]))
        if is_read:
            self.good_turn()

    @rule(who=_WHO, text=st.sampled_from(REPLIES), is_read=st.booleans())
    def a_candidate_answers(self, who: str, text: str, is_read: bool) -> None:
        got = self.hands.sent_to(CANDIDATES[who])
        if got:
            self.letter(f"Re: {SUBJECT}", text, sender=f"{who} <{CANDIDATES[who]}>", answers=got[-1])
        if got and is_read:
            self.good_turn()

    @rule(what=st.sampled_from(sorted(MACHINES)))
    def a_machine_writes(self, what: str) -> None:
        sender, headers = MACHINES[what]
        self.letter(SUBJECT, "Не отвечайте на это письмо.", sender=sender, headers=headers)

    @rule(same=st.booleans(), times=st.integers(1, 6))
    def a_robot_without_headers_answers(self, same: bool, times: int) -> None:
        for time in range(times):
            got = self.hands.sent_to(ROBOT)
            words = f"Ваше письмо о вакансии получено, номер {0 if same else len(self.stored()) + time}."
            self.letter(f"Re: {SUBJECT}", words, sender=ROBOT, answers=got[-1] if got else None)
            self.let_pass(minutes=1)
            self.good_turn()

    @rule(who=_WHO)
    def a_candidate_is_away(self, who: str) -> None:
        got = self.hands.sent_to(CANDIDATES[who])
        if got:
            away = {"Auto-Submitted": "auto-replied (vacation)"}
            self.letter("Автоответ", "Я в отпуске.", sender=f"{who} <{CANDIDATES[who]}>", answers=got[-1], headers=away)

    @rule(text=st.sampled_from(STAFF_REPLIES), back=st.integers(1, 3), times=st.sampled_from([1, 1, 2, 12]))
    def a_recruiter_or_a_robot_of_theirs_answers_a_notice(self, text: str, back: int, times: int) -> None:
        notices = self.hands.sent_to(RECRUITER)[-back:]
        for time in range(times if notices else 0):
            self.letter(f"Re: {notices[0]['Subject']}", f"{text} {time}", sender=RECRUITER, answers=notices[0])
        if times > 1:
            self.good_turn()

    @rule(who=_WHO)
    def a_person_answers_from_the_shared_mailbox(self, who: str) -> None:
        got = self.hands.sent_to(CANDIDATES[who])
        if got:
            self.letter(f"Re: {SUBJECT}", "Позвоним вам.", sender=JOB, to=CANDIDATES[who], answers=got[-1], folder="Sent")

    @precondition(lambda self: any(sent.witness for sent in self.hands.submission.sent[self.copied :]))
    @rule()
    def the_copies_of_the_witness_arrive(self) -> None:
        for sent in self.hands.submission.sent[self.copied :]:
            if sent.witness:
                self.hands.server.append(self.hands.user, sent.raw, self.hands.now - self.hands.set_by)
        self.copied = len(self.hands.submission.sent)
        self.turned = False

    # A person in the mailbox

    @rule(number=st.integers(0, 9), flag=st.sampled_from([r"\Seen", r"\Flagged"]))
    def a_person_reads_or_flags(self, number: int, flag: str) -> None:
        folder = self.hands.server.folder(self.hands.user, "INBOX")
        place = number % max(len(folder.stored), 1)
        folder.stored = [replace(each, flags=each.flags | {flag}) if n == place else each for n, each in enumerate(folder.stored)]

    @rule(number=st.integers(0, 9), way=st.sampled_from([("INBOX", ""), ("INBOX", "Shelf"), ("Shelf", "INBOX"), ("Junk", "INBOX")]))
    def a_person_moves_or_deletes(self, number: int, way: tuple[str, str]) -> None:
        source, to = way
        stored = self.stored(source)
        if not stored:
            return
        message = stored[number % len(stored)]
        self.hands.server.expunge(self.hands.user, message.uid, source)
        if to:
            self.hands.server.append(self.hands.user, message.raw, parsedate_to_datetime(message.internaldate), to, tuple(message.flags))
        self.turned = False

    # People at the machine

    @precondition(lambda self: self.turned and bool(safe_mode(self.hands.desk) or held_clock(self.hands.desk)))
    @rule()
    def a_person_resumes(self) -> None:
        carry_out_order(self.hands.desk, "resume", {}, "")

    @precondition(lambda self: breaker(self.hands.desk.ledger).open)
    @rule()
    def a_person_closes_the_breaker(self) -> None:
        carry_out_order(self.hands.desk, "breaker close", {}, "")

    @rule(again=st.booleans())
    def a_person_decides_on_what_is_held(self, again: bool) -> None:
        for entry in self.hands.desk.outbox.entries():
            if entry.state == "held":
                self.resent[entry.message_id] += again
                (resend if again else drop)(self.hands.desk, entry.id)
                return

    @rule(number=st.integers(0, 9), stage=st.sampled_from(["questions", "test", "interview", "rejected"]))
    def a_person_moves_an_application(self, number: int, stage: str) -> None:
        known = [row for row in self.hands.desk.catalogue.rows() if row.position]
        if known:
            self.ordered += 1
            order = {"reference": known[number % len(known)].reference, "stage": stage}
            carry_out_order(self.hands.desk, "move", order, f"order-{self.ordered}")

    @rule()
    def a_person_has_what_is_in_quarantine_tried_again(self) -> None:
        for entry in self.hands.desk.quarantine.entries():
            carry_out_order(self.hands.desk, "quarantine retry", {"id": entry.id}, "")

    # Turns

    @rule()
    def a_turn(self) -> None:
        self.good_turn()
