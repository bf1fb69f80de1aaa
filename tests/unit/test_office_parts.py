"""What belongs to no application is filed in parts, so that the thousandth message costs no more than the first."""

from __future__ import annotations

from pathlib import Path

import pytest
from applicants import LETTER, SUBJECT
from hands import CANDIDATE, JOB, RECRUITER, Hands, met
from office import text_of

from mailbot.tasks import carry, deliver
from mailbot.tasks.recover import recover


@pytest.fixture
def hands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hands:
    monkeypatch.setattr(carry, "FULL", 3)
    return met(tmp_path)


def robots(hands: Hands, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        hands.letter("Автоответ", f"Меня нет {number}.", sender=f"robot{number}@mail.ru", headers={"Auto-Submitted": "auto-replied"})


def test_what_comes_from_outside_is_filed_in_parts_of_so_many_messages(hands: Hands) -> None:
    robots(hands, 4)
    hands.turn()
    hands.reopen()
    robots(hands, 4, first=4)
    hands.turn()
    sizes = {reference: len(hands.desk.store.load(reference).messages) for reference in hands.desk.store.offices()}
    assert sizes == {"office/2026-11.0001": 3, "office/2026-11.0002": 3, "office/2026-11.0003": 2}


def test_a_message_that_is_decided_on_anew_stays_where_it_is(hands: Hands) -> None:
    letter = hands.letter("Предложение", "Здравствуйте! Купите нашу рекламу.", sender="shop@mail.ru", folder="Junk")
    hands.reopen()
    hands.turn()
    robots(hands, 7)
    hands.put(letter)
    hands.turn()
    assert hands.verdicts()[8] == "other"
    kept = [message for reference in hands.desk.store.offices() for message in hands.desk.store.load(reference).messages]
    assert [message.message_id for message in kept].count(letter["Message-ID"]) == 1


def test_the_digest_counts_the_machines_of_every_part(hands: Hands) -> None:
    hands.turn()
    robots(hands, 7)
    hands.letter(SUBJECT, f"{LETTER}\nА какая у вас зарплата?")
    hands.turn()
    hands.pass_time(days=1)
    hands.turn()
    texts = [text_of(message) for message in hands.sent_to(RECRUITER)]
    assert sum("Писем от программ, оставленных без ответа: 7." in text for text in texts) == 1


def test_a_persons_own_letters_stand_together_and_are_found_after_any_number_of_others(hands: Hands) -> None:
    hands.letter("Вакансия", "Здравствуйте! Пришлите, пожалуйста, резюме.", sender=JOB, to=CANDIDATE, folder="Sent")
    robots(hands, 7)
    hands.turn()
    hands.pass_time(minutes=1)
    (case,) = [hands.desk.store.load(reference) for reference in hands.desk.store.offices() if "." not in reference]
    assert [message.kind for message in case.messages] == ["staff"]


def test_an_outcome_that_a_stop_kept_from_a_part_is_written_into_it_at_the_next_start(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as stopped:
        stopped.setattr(deliver, "settle", lambda *arguments: None)
        for number in range(4):
            hands.letter("Предложение", f"Здравствуйте! Купите нашу рекламу {number}.", sender=f"shop{number}@mail.ru")
        hands.turn()
    hands.pass_time(minutes=1)

    def outcomes() -> set[str]:
        cases = [hands.desk.store.load(reference) for reference in hands.desk.store.offices()]
        assert len(cases) > 1
        return {intent.outcome for case in cases for intent in case.intents}

    assert outcomes() == {""}
    hands.reopen()
    recover(hands.desk)
    assert outcomes() == {"sent"}
