"""Task ids in what users type and paste, and in messages."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.storage.errors import BadTaskId, TooManyIds
from bot.watches.task_ids import (
    MAX_FOUND_IDS,
    MAX_IDS,
    find_ids,
    is_valid_task_id,
    parse_ids,
    unusual_ids,
)

UUID = "346c5d10-a4a1-4f49-a851-66a7dae6cfaf"
HEX = "bee8f32e1994417ba8d7485d1aaf3b26"
TASK = "task_" + "aB3" * 10 + "xy"


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("abc", ["abc"]),
        ("  abc  ", ["abc"]),
        ("`abc`", ["abc"]),
        ("abc?", ["abc"]),
        ("abc.", ["abc."]),
        ("123", ["123"]),
        ("喵", ["喵"]),
        ("x" * 191, ["x" * 191]),
        (TASK, [TASK]),
        ("abc-1 def-2", ["abc-1", "def-2"]),
        ("abc1,def2 ,ghi3", ["abc1", "def2", "ghi3"]),
        ("abc1，def2、ghi3；jkl4", ["abc1", "def2", "ghi3", "jkl4"]),
        ("abc1|def2 & ghi3", ["abc1", "def2", "ghi3"]),
        ("- abc-1 - def-2", ["abc-1", "def-2"]),
        ("1 2 3", ["1", "2", "3"]),
        ("abc1 abc1", ["abc1"]),
        ('["abc1","def2"]', ["abc1", "def2"]),
        (f"{UUID} song-1", [UUID, "song-1"]),
    ],
)
def test_ids_of_any_form_are_read_alone_or_in_a_list(typed: str, ids: list[str]) -> None:
    """No form of an id is insisted on, and neither is a separator."""
    assert parse_ids(typed) == ids


FULL_WIDTH = str.maketrans({each: chr(ord(each) + 0xFEE0) for each in "-0123456789abcdef"})


@pytest.mark.parametrize(
    "pasted",
    [
        f"{UUID[:10]}\u200b{UUID[10:]}",
        f"{UUID[:9]}\u00ad{UUID[9:]}",
        f"\u200e{UUID[:20]}\u2060{UUID[20:]}\ufeff",
        UUID.replace("-", "\u2011"),
        UUID.translate(FULL_WIDTH),
        f"任务：{UUID.translate(FULL_WIDTH)}，",
    ],
    ids=["zero width", "soft hyphen", "word joiner", "hard hyphens", "full width", "in Chinese"],
)
def test_what_a_page_or_a_keyboard_makes_of_an_id_is_undone(pasted: str) -> None:
    """It looks like the id, so that nobody could see what is wrong with it."""
    assert parse_ids(pasted) == find_ids(pasted) == [UUID]


@pytest.mark.parametrize(
    ("pasted", "ids"),
    [
        (f'{{"code":"success","data":"{UUID}"}}', [UUID]),
        (f'{{"code":"success","data":"{UUID}"}} {{"code":"success","data":"{HEX}"}}', [UUID, HEX]),
        (f'{{\n  "code": "success",\n  "data": "{UUID}"\n}}', [UUID]),
        (f'{{"code":"success","message":"","data":"{UUID}', [UUID]),
        ('{"code":"success","data":"9041"}', ["9041"]),
        ('{"code":"success","data":"346c5d10-a4a1', ["346c5d10-a4a1"]),
        (r"{\"code\":\"success\",\"data\":\"abc9\"}", ["abc9"]),
        ("{“code”:“success”,“data”:“abc9”}", ["abc9"]),
        ('{"task_id": "9041"}', ["9041"]),
        ('{"taskId": "my-own.id"}', ["my-own.id"]),
        (f"curl https://relay.example/suno/fetch/{UUID}?x=1", [UUID]),
        ("https://relay.example/suno/fetch/9041", ["9041"]),
        (f"{UUID}|{HEX}/{TASK}", [UUID, HEX, TASK]),
        (
            f'{{"code":"success","data":[{{"task_id":"{UUID}","data":[{{"id":"{HEX}",'
            f'"audio_url":"https://cdn1.suno.ai/{HEX}.mp3"}}]}}]}}',
            [UUID],
        ),
    ],
)
def test_answers_of_relays_and_links_can_be_pasted(pasted: str, ids: list[str]) -> None:
    """Also cut off, escaped, printed over several lines, or with the ids of clips in them."""
    assert parse_ids(pasted) == ids


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        (f"please watch {UUID}, thanks!", [UUID]),
        (f"我的任务{UUID}好了没有", [UUID]),
        (f"Version 2 of 2024-05-01: {UUID}", [UUID]),
        ("is song-12345 done?", ["song-12345"]),
        ("my task_id: 9041.", ["9041"]),
    ],
)
def test_the_words_of_a_sentence_are_no_ids(typed: str, ids: list[str]) -> None:
    """Only what looks like an id in it is looked up."""
    assert parse_ids(typed) == ids


@pytest.mark.parametrize(
    "typed",
    [
        *("", "  ", ",;", "``", ".", "..", "-", "x" * 192, "task_id: " + "x" * 192),
        *("a\x00b", "a\u202eb", "a/b", "a?b", "a%2fb", "a\\b"),
        *("please watch it", "not done yet", "I waited 20 minutes at 10:30:12 on 2024-05-01"),
        *("我的歌什么时候能做好", '{"code":"fail","data":"failed to submit"}'),
        "https://discord.com/channels/1/2/3",
    ],
)
def test_a_text_without_ids_is_refused(typed: str) -> None:
    """Before anything is asked of the relay; no path or query of a URL is an id."""
    with pytest.raises(BadTaskId):
        parse_ids(typed)


@pytest.mark.parametrize("typed", [UUID.upper(), HEX.upper(), f"taskId={UUID.upper()}"])
def test_hexadecimal_ids_are_read_in_lower_case(typed: str) -> None:
    """Relays write them so, and compare them exactly."""
    assert parse_ids(typed) == [typed[-len(UUID) :].lower().removeprefix("taskid=")]


def test_the_case_of_other_ids_is_kept() -> None:
    """It may matter to the relay that made them; and of those that are stored in upper case."""
    assert parse_ids("ABC-Def1") == ["ABC-Def1"]
    assert parse_ids(TASK) == [TASK]
    assert unusual_ids(UUID.upper()) == [UUID.upper()]
    assert parse_ids(UUID.upper(), known={UUID.upper()}) == [UUID.upper()]


def test_a_known_id_may_have_any_form() -> None:
    """Such ids are from relays; the caller asks the database about them."""
    assert unusual_ids("odd/id, usual-1") == ["odd/id"]
    assert parse_ids("odd/id usual-1", known={"odd/id"}) == ["odd/id", "usual-1"]
    with pytest.raises(BadTaskId):
        parse_ids("odd/id")


def test_more_ids_than_an_answer_can_hold_are_refused() -> None:
    """The limit is named."""
    with pytest.raises(TooManyIds, match=str(MAX_IDS)):
        parse_ids(" ".join(str(number) for number in range(MAX_IDS + 1)))


PIECES = st.sampled_from(
    [
        *(UUID, UUID.upper(), HEX, TASK, "abc-1", "9041", "song", "任务", "a/b", "..", "\x00"),
        *('"task_id": "', '"data":"', "task_id=", "/fetch/", "https://a.b/", '\\"', "{", "}", '"'),
        *(" ", "\n", ",", "，", "|", "-", ":", "?"),
    ]
)
TEXTS = st.one_of(st.text(max_size=400), st.lists(PIECES, max_size=30).map("".join))


@given(TEXTS)
def test_any_text_is_read_or_refused(text: str) -> None:
    """What is read is in the text and valid; no other error is raised."""
    try:
        ids = parse_ids(text)
    except (BadTaskId, TooManyIds):
        return
    assert 0 < len(ids) <= MAX_IDS
    assert len(set(ids)) == len(ids)
    assert all(is_valid_task_id(task_id) for task_id in ids)
    assert all(task_id in text or task_id in text.lower() for task_id in ids)


@given(st.lists(st.sampled_from([UUID, HEX, TASK]), min_size=1, unique=True), TEXTS)
def test_ids_of_usual_forms_are_found_beside_anything(ids: list[str], text: str) -> None:
    """They are set off by spaces, and no other text hides them."""
    words = re.sub("(?i)task|data|fetch", "", text)
    try:
        found = parse_ids(f"{words} {' '.join(ids)}")
    except TooManyIds:
        return
    assert set(ids) <= set(found)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (f"here it is: {UUID}!", [UUID]),
        (f"`{HEX}`", [HEX]),
        (f"({TASK})", [TASK]),
        (f"https://relay.example/suno/fetch/{UUID}?x=1", [UUID]),
        (f'{{"code": "success", "data": "{UUID}"}}', [UUID]),
        (f"任务{UUID}好了", [UUID]),
        ('{"task_id": "9041"}', ["9041"]),
        ("taskId=my-own.id", ["my-own.id"]),
        ("taskId=..", []),
        (f"{UUID} and again {UUID}", [UUID]),
        (f"{UUID} task_id: 9041", ["9041", UUID]),
        (f"{HEX} {UUID.upper()}", [HEX, UUID]),
        ("nothing of the kind, 12345", []),
        ("a" * 33, []),
        (f"x{HEX}", []),
    ],
)
def test_task_ids_are_found_in_a_message(text: str, ids: list[str]) -> None:
    """Each id in sentences, JSON and links is found once, those labelled as such first."""
    assert find_ids(text) == ids


def test_the_number_of_found_ids_is_limited() -> None:
    """The first ones are returned, as many as a menu can offer."""
    ids = [f"{number:032x}" for number in range(100)]
    assert find_ids(" ".join(ids)) == ids[:MAX_FOUND_IDS]


@given(TEXTS)
def test_any_message_can_be_searched(text: str) -> None:
    """The found ids are parts of the text."""
    assert all(found in text or found in text.lower() for found in find_ids(text))
