"""Who wants their data deleted gets one confirmation, and no automatic letter in any application of theirs."""

from __future__ import annotations

from pathlib import Path

from applicants import LETTER, SUBJECT
from hands import CANDIDATE, met


def test_a_wish_to_be_forgotten_ends_every_application_of_the_person(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    hands.pass_time(minutes=10)
    hands.letter("Отклик на вакансию «Аккаунт-менеджер»", "Здравствуйте! Хочу работать у вас аккаунт-менеджером.\nМария")
    hands.turn()
    assert len(hands.cases()) == 2
    hands.pass_time(hours=25)

    hands.letter("Мои данные", "Прошу удалить мои персональные данные.")
    hands.turn()
    after = len(hands.sent_to(CANDIDATE))
    for _ in range(14 * 24):
        hands.pass_time(hours=1)
        hands.turn()

    assert {case.application.stage for case in hands.cases() if case.application} == {"withdrawn"}
    assert len(hands.sent_to(CANDIDATE)) == after == 3
