"""Hears what a candidate asks of us: a question, more time, to be let go, to be forgotten. Conservative where it ends something."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailbot.hiring.wording import folded, letters, without_links


def _any(*ways: str) -> re.Pattern[str]:
    """One pattern of several ways to say the same, each beginning and ending with a whole word; they are looked for in folded text."""
    return re.compile(rf"\b(?:{'|'.join(ways)})\b")


# Sentences. ------------------------------------------------------------------------------------------------------------------------

_QUOTED = re.compile(r'[«"“„][^«»"“”„\n]{0,300}[»"”]')
#: A full stop, question or exclamation mark with a space behind it, a semicolon, a line break.
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
#: A line break in the middle of a sentence.
_WRAPPED = re.compile(r"(?<![.!?;:,\n])\n(?!\n)")


def _own_words(text: str) -> str:
    """The text without what is somebody else's: quoted lines, quotations, links, addresses."""
    lines = [line for line in folded(without_links(text)).splitlines() if not line.lstrip().startswith(">")]
    return _QUOTED.sub(" ", "\n".join(lines))


def _sentences(text: str) -> list[str]:
    return [sentence.strip() for sentence in _SENTENCE.split(text)]


# Questions to us. ------------------------------------------------------------------------------------------------------------------

#: Not "Прив?т" and not "?????", which is what a broken charset leaves.
_QUESTION_MARK = re.compile(r"[^\W_][)\]*']{0,3}\s?!{0,3}\?[!?]*(?=[\s)\]'.,:;*]|$)")
_ASKING = _any(
    "(?:подскажите|уточните|сообщите|расскажите|поясните|объясните|проконсультируйте)",
    "скажите,? пожалуйста",
    "хоте(?:л|ла|лось|ли) бы (?:узнать|уточнить|спросить|понять)",
    "можно (?:ли )?(?:узнать|уточнить)",
    r"интересует,? (?:как\w*|когда|где|есть ли|почему|вопрос|размер|уровень|график|оплата|зарплата|з/п|зп)",
    r"(?:у меня )?(?:есть|возник|возникли|остался|остались|еще) (?:еще )?(?:один |пара |пару |несколько )?вопрос(?:ик|а|ов|ы)?",
    "у меня (?:один |пара |несколько )?вопрос(?:ик|а|ов|ы)?",
    "(?:мой|мои) вопросы?",
    "вопросы? к вам",
    "(?:could|can|would) you (?:please )?(?:tell|explain|clarify|let me know|specify)",
    "please (?:tell me|explain|clarify|specify)",
    "let me know (?:what|when|where|how|whether|which|who|about)",
    "i (?:would|'d) like to (?:know|ask)",
    "i (?:have|had|'ve got) (?:a|one|some|a few|several) (?:more )?questions?",
    "i (?:wonder|was wondering)",
    "my questions? (?:is|are)",
)
#: "Если есть вопросы, пишите" is courtesy.
_IF = _any("если", "при наличии", "в случае", "if", "should you", "in case")


def _asks(sentence: str) -> bool:
    return bool(_QUESTION_MARK.search(sentence) or (_ASKING.search(sentence) and not _IF.search(sentence)))


def asks_us(text: str, copied: Iterable[str] = ()) -> bool:
    """Given the new text of a message and the questions that we have asked, say whether it puts a question to us.

    A question mark in a link, in a quotation or in one of our own questions that was copied is no question; "подскажите график" is one
    without a mark. In doubt it is a question: then a person reads it.
    """
    ours = [question for question in map(letters, copied) if question]
    for sentence in _sentences(_own_words(text)):
        said = letters(re.sub(r"^\W*\d{1,2}\W+", "", sentence))
        if _asks(sentence) and not any(said and said in question for question in ours):
            return True
    return False


# Answers put off. ------------------------------------------------------------------------------------------------------------------

_LATER = (
    r"(?:завтра|послезавтра|позже|попозже|позднее|вечером|утром|сегодня|ночью|скоро"
    r"|на (?:этой|следующей|той) неделе|на (?:днях|выходных|неделе)"
    r"|(?:в|во|к|до|после) (?:понедельник|вторник|сред|четверг|пятниц|суббот|воскресень|выходн|обед|вечер|утр|конц)\w*|(?:до|к) \d{1,2}"
    r"|через (?:\w+ )?(?:час|дн|день|дня|недел|минут|пару)\w*|в течение (?:\w+ )?(?:дня|дней|часа|часов|недели)|в ближайш\w+ \w+"
    r"|(?:как только|когда) (?:смогу|освобожусь|будет время|вернусь|закончу)"
    r"|tomorrow|later|tonight|soon|this (?:evening|weekend|week)|next week|(?:by|on|until|till) (?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|by the end of|in (?:a|an|one|two|three|\d|a few|a couple of) (?:hour|day|minute|week)s?|(?:when|as soon as) i (?:can|get|am|have))"
)
_PROMISE = (
    r"(?:отвечу|ответить|напишу|пришлю|прислать|вышлю|выслать|отправлю|отправить|подготовлю|сделаю|доделаю|заполню|выполню|сдам|сдать"
    r"|вернусь|свяжусь|дам ответ|посмотрю|изучу"
    r"|(?:will|'ll|can|shall|going to) (?:\w+ ){0,2}?(?:answer|reply|respond|send|write|get back|come back|do it|finish|complete|submit"
    r"|look))"
)
_POSTPONING = _any(
    rf"{_PROMISE}\b.{{0,60}}?\b{_LATER}",
    rf"{_LATER}\b.{{0,40}}?\b{_PROMISE}",
    r"(?:нужн[оаы]?|надо|потребуется|понадобится|дайте|прошу) (?:мне )?(?:еще |немного |больше |чуть |пожалуйста )*"
    r"(?:времени|время|день|неделю|\w+ (?:дня|дней|день|часа|часов))",
    rf"можно (?:ли )?(?:мне )?(?:\w+ )?{_LATER}",
    "не (?:успеваю|успел|успела|успею)",
    r"(?:продлить|перенести|сдвинуть|отложить)\b.{0,30}?\b(?:срок|дедлайн|до|на)",
    r"(?:need|have|get|take) (?:a (?:bit|little|few|couple)|some|more|until|till|another|\w+ more)\b.{0,20}?"
    r"\b(?:time|days?|hours?|week|(?:mon|tues|wednes|thurs|fri|satur|sun)day)",
    rf"(?:can|could|may) i (?:have|reply|answer|send|do|submit|get)\b.{{0,40}}?\b(?:{_LATER}|until|till)",
)


def postpones(text: str) -> bool:
    """Given the new text of a message, say whether it puts the answer off: "отвечу завтра", "можно до понедельника?"."""
    return any(_POSTPONING.search(sentence) for sentence in _sentences(_own_words(text)))


# Withdrawal and erasure. -----------------------------------------------------------------------------------------------------------

_MINE = r"(?:сво\w+|мо\w+)"
_WITHDRAWING = _any(
    rf"(?<!не )(?:отзываю|снимаю|отзовите|снимите|отозвать|снять) (?:пожалуйста,? )?(?:с рассмотрения )?"
    rf"(?:{_MINE} )?(?:кандидатуру|заявку|отклик)",
    rf"(?<!не )(?:отзываю|отозвать) {_MINE} (?:резюме|анкету)",
    rf"(?:прошу|просьба) (?:больше )?не рассматривать (?:больше )?(?:{_MINE} (?:кандидатуру|заявку|резюме|отклик)|меня)",
    rf"не рассматривайте,? (?:пожалуйста,? )?(?:больше )?(?:{_MINE} (?:кандидатуру|заявку|резюме|отклик)|меня)",
    r"(?<!не )отказываюсь от (?:\w+ )?(?:вакансии|должности|позиции|участия|собеседования|предложения|рассмотрения|тестового)",
    r"вынужден[аы]? отказаться(?= от (?:\w+ )?(?:вакансии|должности|позиции|участия|собеседования|предложения|тестового)|\W*$)",
    r"(?:вакансия|предложение) (?:для меня |мне )?(?:больше |уже )не ?(?:актуальн|интересн|интересует)\w*",
    r"(?:больше|уже|более) не (?:ищу работу|рассматриваю (?:вашу |эту )?(?:ваканси|предложени)\w+|претендую)",
    r"уже наш(?:ел|ла) (?:себе )?(?:другую |новую )?работу",
    r"наш(?:ел|ла) другую работу",
    r"принял[а]? (?:другое предложение|другой оффер|предложение (?:от )?другой компании|оффер (?:от )?другой компании)",
    r"(?:больше )?не (?:пишите|присылайте|отправляйте) (?:мне )?больше",
    r"больше (?:мне )?не (?:пишите|присылайте|отправляйте)",
    r"(?<!not )(?:i (?:would like to |'d like to |want to |have to |must |hereby )?|please )withdraw "
    r"(?:my (?:\w+ )?(?:application|candidacy)|from (?:the |your )?(?:\w+ )?(?:consideration|process|position))",
    r"i am withdrawing (?:my (?:application|candidacy)|from)",
    r"no longer (?:interested in (?:the|this|your) (?:position|job|role|vacancy|opening|opportunity)|looking for a job)",
    r"i(?: have|'ve)? (?:already )?accepted (?:an|another) (?:other )?(?:offer|job|position)",
    r"please (?:stop (?:writing to|e-?mailing|contacting)|(?:do not|don't) (?:write to|e-?mail|contact)) me",
)
_STOP = re.compile(r"\W*(?:стоп|stop|unsubscribe|отписаться|отпишите меня|remove me)\W*")
_DATA = r"(?:персональн\w+ данн\w+|личн\w+ данн\w+|данные)"
_DELETE = r"(?<!не )(?:удалите|удалить|уничтожьте|уничтожить|сотрите|стереть)"
_ERASING = _any(
    rf"{_DELETE},? (?:пожалуйста,? )?(?:все )?{_MINE} (?:все )?(?:{_DATA}|резюме и (?:\w+ )?данные|анкету и (?:\w+ )?данные)",
    rf"{_DELETE},? (?:пожалуйста,? )?(?:все )?(?:персональные|личные) данные",
    rf"{_DELETE},? (?:пожалуйста,? )?(?:всю |все )?(?:информацию|сведения|данные) обо мне",
    rf"{_DELETE},? (?:пожалуйста,? )?(?:мо[июеё]|меня|все мо[ие])\b.{{0,40}}?\bиз (?:вашей |своей )?баз\w+",
    rf"(?<!не )(?:отзываю|отозвать) (?:{_MINE} )?согласие",
    r"прекратит[еь] (?:\w+ )?обработку (?:\w+ )?(?:персональных |личных )?данных",
    r"(?<!not )(?<!n't )(?:delete|erase|remove|destroy) (?:all )?(?:of )?my (?:personal )?(?:data|information|details|records?)",
    r"(?<!not )(?<!n't )(?:delete|erase|remove) (?:all )?(?:the )?(?:personal )?(?:data|information) (?:about|on) me",
    r"(?<!not )(?<!n't )withdraw my consent",
    r"(?<!not )(?<!n't )stop processing my (?:personal )?data",
)
#: What makes a wish none: a condition, a doubt, a negation before the verb that wants it, an account of one's work.
_DOUBT = _any(
    "если|возможно|может быть|наверное|вправе|имею право|могу|может|можно ли",
    "не (?:хочу|хотел|хотела|буду|собираюсь|планирую|готов|готова|нужно|надо|прошу)",
    r"умею|занимал\w+|приходилось|обязанност\w+",
    "if|maybe|perhaps|might|may",
    "(?:do not|don't|would not|wouldn't|did not|didn't) (?:want|wish|like)|not going to",
)


def withdraws(text: str) -> bool:
    """Given the new text of a message, say whether its writer clearly takes the application back, without condition, doubt or question."""
    return bool(_STOP.fullmatch(_own_words(text))) or _wishes(_WITHDRAWING, text)


def wants_erasure(text: str) -> bool:
    """Given the new text of a message, say whether its writer clearly asks to have personal data deleted, or takes a consent back.

    Source of the right: Federal Law 152-FZ, articles 9 and 21; GDPR, articles 7(3) and 17.
    """
    return _wishes(_ERASING, text)


def _wishes(pattern: re.Pattern[str], text: str) -> bool:
    sentences = _sentences(_WRAPPED.sub(" ", _own_words(text)))
    return any(pattern.search(s) and not _DOUBT.search(s) and not _QUESTION_MARK.search(s) for s in sentences)


# Texts that say nothing. -----------------------------------------------------------------------------------------------------------

_COURTESY = re.compile(
    r"(?:(?:большое |огромное )?спасибо(?: (?:вам|большое|огромное|за \w+(?: \w+){0,3}))*"
    r"|благодар(?:ю|им)(?: (?:вас|за \w+(?: \w+){0,3}))*|спс"
    r"|зд?равс?твуйте|здрасте|приветствую|привет|добр\w+ (?:день|дня|утро|утра|вечер|вечера|времени суток|ночи)"
    r"|хорошо|ок|окей|понял|поняла|понятно|принято|принял|приняла|получил|получила|отлично|супер|ясно|ладно|договорились"
    r"|(?:ваше |ваш )?(?:письмо|сообщение|вопросы|задание|тестовое(?: задание)?)|посмотрю|изучу|ознакомлюсь|подумаю|отвечу|приступаю"
    r"|обязательно|пожалуйста|(?:извините|простите)(?: за \w+(?: \w+)?)?"
    r"|с уважением|всего доброго|хорошего дня|до свидания|до связи|буду ждать|на связи"
    r"|(?:many |big )?thanks(?: (?:a lot|so much|again|very much|for \w+(?: \w+){0,3}))*"
    r"|thank you(?: (?:so much|very much|again|for \w+(?: \w+){0,3}))*|thx"
    r"|hello|hi|hey|dear \w+|good (?:morning|day|afternoon|evening)|ok|okay|got it|noted|received|understood|great|sure|alright|will do"
    r"|sorry(?: for \w+(?: \w+)?)?|(?:kind |best |warm )?regards|best wishes|sincerely(?: yours)?|cheers|have a (?:nice|good|great) day"
    r"|и|а|но|я|все|вам|коллеги|and|but|you|there|all|please)(?!\w)"
)
#: "Здравствуйте, Анна Сергеевна!": the words behind a greeting are a name.
_GREETING = re.compile(
    r"^(?:здравствуйте|приветствую|привет|добр\w+ (?:день|утро|вечер)|hello|hi|hey|dear|good \w+)"
    r"[, ]+[^\W\d_]+(?: [^\W\d_]+)?(?=\s*[!,.]|\s*$)"
)
_CLOSING = re.compile(
    r"\n *(?:с (?:наилучшими )?уважени\w+|с наилучшими|(?:kind |best |warm )?regards|best wishes|sincerely|yours)\b.*", re.DOTALL
)
_SIGNS = ' -–—"«»*'


def says_nothing(text: str) -> bool:
    """Given a text, say whether it states nothing: only greetings, thanks, promises to answer later, and questions back."""
    for sentence in _sentences(_CLOSING.sub("", f"\n{_own_words(text)}")):
        if not _asks(sentence) and not _POSTPONING.search(sentence):
            phrases = re.split(r"[,.!;:()]+", _GREETING.sub("", sentence))
            if not all(_only_courtesy(phrase.strip(_SIGNS)) for phrase in phrases):
                return False
    return True


def _only_courtesy(phrase: str) -> bool:
    """True if courtesies are all there is; "+" is how phones say yes."""
    while courtesy := _COURTESY.match(phrase):
        phrase = phrase[courtesy.end() :].lstrip(_SIGNS)
    return not any(sign.isalnum() or sign == "+" for sign in phrase)
