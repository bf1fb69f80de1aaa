"""What a person has done by hand, before mailbot looked, counts: nobody is answered or escalated over their head."""

from __future__ import annotations

from applicants import A_FILE, ANSWERS, LETTER, SOLUTION, SUBJECT, asked, assigned
from clients import plain
from office import CANDIDATE, JOB, MONDAY, RECRUITER, N, Office, text_of

QUESTION = "Здравствуйте! Подскажите, пожалуйста, какой у вас график работы?"
WORDS = "Добрый день! С десяти до семи."


def test_an_answer_from_the_shared_mailbox_that_is_read_before_the_letter_it_answers_still_answers_it(office: Office) -> None:
    questions = asked(office)
    office.pass_time(hours=1)
    # mailbot is down; the candidate asks, and a person answers from the shared mailbox, as a reply and later as a new message.
    letter = office.letter(f"Re: {SUBJECT}", QUESTION, answers=questions)
    office.pass_time(minutes=30)
    office.letter(f"Re: {SUBJECT}", WORDS, sender=JOB, to=CANDIDATE, answers=letter, folder="Sent")
    office.pass_time(minutes=30)
    office.once()
    (application,) = office.applications()
    assert application["waits_for"] == "candidate"
    office.pass_time(days=4)
    office.once()
    assert office.sent_to(N) == []


def test_a_first_letter_that_a_person_has_answered_already_gets_no_questions_from_the_machine(office: Office) -> None:
    letter = office.letter(SUBJECT, LETTER)
    office.pass_time(minutes=30)
    office.letter(f"Re: {SUBJECT}", "Мария, здравствуйте! Приходите завтра.", sender=JOB, to=CANDIDATE, answers=letter, folder="Sent")
    office.pass_time(minutes=30)
    office.once()
    office.once()
    (application,) = office.applications()
    assert (application["stage"], application["waits_for"]) == ("questions", "candidate")
    # The recruiter reads that it came; nobody is asked to answer it.
    assert [message["To"] for message in office.sent()] == [RECRUITER]
    assert "не требуется" in text_of(office.sent()[0])


def test_a_new_message_to_the_candidate_from_the_shared_mailbox_stops_the_clock_too(office: Office) -> None:
    office.letter(f"Re: {SUBJECT}", QUESTION, answers=asked(office))
    office.pass_time(minutes=1)
    office.once()
    office.letter("График работы", WORDS, sender=JOB, to=f"Мария <{CANDIDATE}>", folder="Sent")
    office.letter("Бумага", "Пришлите, пожалуйста, счёт.", sender=JOB, to="sales@paper.example", folder="Sent")
    sent = len(office.sent())
    office.pass_time(minutes=1)
    office.once()
    assert office.applications()[0]["waits_for"] == "candidate"
    assert len(office.sent()) == sent


def test_a_letter_at_a_stage_of_persons_waits_for_one_with_a_dated_promise(office: Office) -> None:
    assigned(office)
    (application,) = office.applications()
    office.mailbot("move", application["reference"], "interview")
    office.once()
    office.pass_time(days=1)
    office.letter(f"Re: {SUBJECT}", "Спасибо! Смогу в четверг в 15:00.", answers=office.sent_to(CANDIDATE)[-1])
    office.pass_time(minutes=1)
    office.once()
    (application,) = office.applications()
    assert (application["stage"], application["waits_for"]) == ("interview", "staff")
    assert "пятницы, 28 ноября" in text_of(office.sent_to(CANDIDATE)[-1])
    assert "Смогу в четверг" in text_of(office.sent_to(RECRUITER)[-1])


def test_a_first_letter_with_a_question_gets_the_questions_and_a_person(office: Office) -> None:
    office.letter(SUBJECT, LETTER + "\nПодскажите, есть ли у вас удалённая работа?", attach=A_FILE)
    office.pass_time(minutes=1)
    office.once()
    assert [message["To"] for message in office.sent()] == [CANDIDATE, RECRUITER]
    (application,) = office.applications()
    assert (application["stage"], application["waits_for"]) == ("questions", "staff")
    notice = office.sent()[1]
    assert "четверга, 27 ноября" in notice["Subject"]
    assert [part.get_filename() for part in notice.iter_attachments()] == [A_FILE[0]]


def test_the_catalogue_is_a_cache_and_may_be_deleted_at_any_time(office: Office) -> None:
    questions = asked(office)
    (office.folder / "state/catalogue.jsonl").unlink()
    office.letter(f"Re: {SUBJECT}", ANSWERS, answers=questions)
    office.pass_time(minutes=1)
    office.once()
    (office.folder / "state/catalogue.jsonl").unlink()
    office.letter("Моё решение", SOLUTION, attach=A_FILE)
    office.pass_time(minutes=1)
    office.once()
    (application,) = office.applications()
    assert application["stage"] == "review"


def test_a_wish_to_be_forgotten_is_confirmed_once_and_reaches_a_person(office: Office) -> None:
    questions = asked(office)
    office.letter(f"Re: {SUBJECT}", "Прошу удалить мои персональные данные.", answers=questions)
    office.pass_time(minutes=1)
    office.once()
    (application,) = office.applications()
    assert (application["stage"], application["waits_for"]) == ("withdrawn", "staff")
    assert len(office.sent_to(CANDIDATE)) == 2
    assert len(office.sent_to(RECRUITER)) == 2


def test_a_machine_without_any_mark_is_stopped_by_the_caps(office: Office) -> None:
    questions = asked(office)
    for _ in range(5):
        for _ in range(3):
            office.letter(f"Re: {SUBJECT}", "Какой у вас график?", answers=questions)
        office.pass_time(minutes=1)
        office.once()
        office.pass_time(days=1)
    # Six in a thread without a person between; the first promise is made once a wait.
    assert 2 <= len(office.sent_to(CANDIDATE)) <= 6


def test_who_was_never_asked_the_questions_gets_no_test_for_thanking_a_recruiter(office: Office) -> None:
    office.letter(SUBJECT, LETTER, headers={"X-Auto-Response-Suppress": "All"})
    office.pass_time(minutes=1)
    office.once()
    (notice,) = office.sent_to(RECRUITER)
    office.letter(f"Re: {notice['Subject']}", plain(notice, "Приходите в четверг."), sender=RECRUITER, answers=notice)
    office.pass_time(minutes=1)
    office.once()
    (relay,) = office.sent_to(CANDIDATE)
    office.letter(f"Re: {SUBJECT}", "Спасибо, приду!", answers=relay)
    office.pass_time(minutes=1)
    office.once()
    (application,) = office.applications()
    assert (application["stage"], application["waits_for"]) == ("questions", "staff")
    assert not list(office.sent_to(CANDIDATE)[-1].iter_attachments())


def test_a_question_that_comes_on_saturday_is_due_on_wednesday_evening_and_n_reads_it_on_thursday(office: Office) -> None:
    questions = asked(office)
    office.now = MONDAY.replace(day=29, hour=12)
    office.letter(f"Re: {SUBJECT}", QUESTION, answers=questions)
    office.pass_time(minutes=1)
    office.once()
    assert "среды, 3 декабря" in text_of(office.sent_to(CANDIDATE)[-1])
    went = []
    for day, hour in ((1, 10), (2, 9), (2, 10), (3, 10), (3, 20), (4, 9), (4, 10)):
        before = len(office.sent())
        office.now = MONDAY.replace(month=12, day=day, hour=hour, minute=1)
        office.once()
        went.append([message["To"] for message in office.sent()[before:] if not message["Subject"].startswith("Сводка")])
    # The notice on Monday, the hint on Tuesday, both when the office opens; the escalation on Thursday.
    assert went == [[RECRUITER], [], [RECRUITER], [], [], [], [N]]
