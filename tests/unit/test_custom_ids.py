"""The custom ids of persistent components."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ui import custom_ids
from bot.ui.custom_ids import (
    AccountButtonId,
    AccountConnectId,
    AccountModalId,
    CreationButtonId,
    CreationDefaultId,
    CreationDraftId,
    CreationModalId,
    CreationPriceModalId,
    CreationSettingId,
    CreationSettingsButtonId,
    CreationSettingsMenuId,
    CustomId,
    ErasureButtonId,
    ExtensionModalId,
    FoundTasksId,
    HistoryEntryId,
    HistoryMenuId,
    HistoryPageId,
    HistoryPostId,
    HistoryViewId,
    KeepWatchingId,
    LanguageMenuId,
    LiveCardButtonId,
    LyricsButtonId,
    LyricsMenuId,
    SettingId,
    SettingsDefaultId,
    SettingsMenuId,
    SettingsPageId,
    StatusButtonId,
    StatusListButtonId,
    StatusMenuId,
    VersionButtonId,
)
from bot.ui.limits import MAX_CUSTOM_ID

USER = 2**64 - 1
ACCOUNT, SUNO_ID = "account-0123456789abcdef", "01234567-89ab-4cde-8f01-23456789abcd"
KINDS = CustomId.__subclasses__()
IN_OLD_MESSAGES = {
    "keep-watching:17": KeepWatchingId(17),
    "status:notify:task/1~a": StatusButtonId("notify", "task/1~a"),
    "status:lyrics:a:b": StatusButtonId("lyrics", "a:b"),
    "status:refresh:任务-1": StatusButtonId("refresh", "任务-1"),
    "status:stop:task-1": StatusButtonId("stop", "task-1"),
    "statuses:stop": StatusListButtonId("stop"),
    "statuses:notify": StatusListButtonId("notify"),
    "statuses:refresh": StatusListButtonId("refresh"),
    "status-open": StatusMenuId(),
    f"lyrics:page:9999:{USER}:a:b/c": LyricsButtonId("page", 9999, USER, "a:b/c"),
    "lyrics:share:0:0:abc": LyricsButtonId("share", 0, 0, "abc"),
    "lyrics:file:12:0:abc": LyricsButtonId("file", 12, 0, "abc"),
    f"lyrics-menu:{USER}:a:b/c": LyricsMenuId(USER, "a:b/c"),
    "card:join:7": LiveCardButtonId("join", 7),
    "card:leave:7": LiveCardButtonId("leave", 7),
    "watch-found": FoundTasksId(),
    f"history:{USER}:3:": HistoryPageId(USER, 3, ""),
    f"history:{USER}:0:rain: on\ntin": HistoryPageId(USER, 0, "rain: on\ntin"),
    f"history-open:{USER}": HistoryEntryId(USER),
    f"past:{USER}:mine:3:rain: on\ntin": HistoryViewId(USER, "mine", 3, "rain: on\ntin"),
    f"past:{USER}:here:0:": HistoryViewId(USER, "here", 0, ""),
    f"past-open:{USER}:mine": HistoryMenuId(USER, "mine"),
    "past-post:here:17": HistoryPostId("here", 17),
    f"forget:delete:{USER}": ErasureButtonId("delete", USER),
    f"forget:keep:{USER}": ErasureButtonId("keep", USER),
    **{
        f"settings:{name}": SettingId(name)
        for name in (
            *("channel", "roles", "role", "mention", "uploads", "language", "limit", "reset"),
            "notices",
        )
    },
    "language": LanguageMenuId(),
    "account:server:show": AccountButtonId("server", "show"),
    "account:own:disconnect": AccountButtonId("own", "disconnect"),
    "account:own:confirm": AccountButtonId("own", "confirm"),
    "account-connect:server:openai-hub": AccountConnectId("server", "openai-hub"),
    "account-key:own:custom": AccountModalId("own", "custom"),
    "settings-menu": SettingsMenuId(),
    "settings-page:overview": SettingsPageId("overview"),
    "settings-page:reset": SettingsPageId("reset"),
    **{
        f"settings-default:{name}": SettingsDefaultId(name)
        for name in ("channel", "roles", "role", "all")
    },
    **{
        f"create:{action}:{ACCOUNT}:a:b/c": CreationButtonId(action, ACCOUNT, "a:b/c")
        for action in ("more", "again", "edit", "song")
    },
    "create:again:deerapi:creation-17": CreationButtonId("again", "deerapi", "creation-17"),
    **{
        f"version:{action}:2:{ACCOUNT}:{SUNO_ID}": VersionButtonId(action, 2, ACCOUNT, SUNO_ID)
        for action in ("extend", "wav", "timing", "stems")
    },
    **{
        f"create-form:{form}": CreationModalId(form) for form in ("description", "custom", "lyrics")
    },
    f"create-extension:2:{ACCOUNT}:{SUNO_ID}": ExtensionModalId(2, ACCOUNT, SUNO_ID),
    "create-draft:0123456789abcdef": CreationDraftId("0123456789abcdef"),
    **{
        f"create-settings:{name}": CreationSettingId(name)
        for name in ("roles", "user", "server", "models", "model")
    },
    "create-settings-menu": CreationSettingsMenuId(),
    **{
        f"create-settings-button:{action}": CreationSettingsButtonId(action)
        for action in ("on", "off", "overview", "price")
    },
    **{
        f"create-settings-default:{name}": CreationDefaultId(name)
        for name in ("roles", "models", "model", "price")
    },
    "create-price": CreationPriceModalId(),
}


@pytest.mark.parametrize(("text", "custom_id"), IN_OLD_MESSAGES.items(), ids=IN_OLD_MESSAGES)
def test_custom_ids_of_old_messages_are_decoded(text: str, custom_id: CustomId) -> None:
    """Exactly one kind decodes each of them, and encodes it to the same text."""
    assert [each for kind in KINDS if (each := kind.decode(text))] == [custom_id]
    assert custom_id.encode() == text


def test_every_kind_has_an_example() -> None:
    """The list above contains every kind."""
    assert {type(each) for each in IN_OLD_MESSAGES.values()} == set(KINDS)


def test_kinds_have_distinct_names() -> None:
    """Each component has exactly one handler."""
    assert len({kind.kind for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize(
    "text",
    [
        "keep-watching:",
        "keep-watching:1:2",
        "status:delete:abc",
        "status:notify:a b",
        "status:notify:" + "x" * 86,
        "lyrics:page:12345:0:abc",
        "card:join:-1",
        "watch-found:1",
        "history:me:0:",
        "forget:delete:",
        "settings:unknown",
        "create:more:Deer API:abc",
        "version:delete:1:deerapi:abc",
        "create-form:extension",
        "create-draft:0123456789ABCDEF",
        "",
    ],
)
def test_invalid_custom_ids_are_not_decoded(text: str) -> None:
    """Unknown actions, missing arguments and invalid characters match no kind."""
    assert not any(kind.decode(text) for kind in KINDS)


@pytest.mark.parametrize(
    "custom_id",
    [
        StatusButtonId("notify", "x" * 86),
        StatusButtonId("notify", "a b"),
        LyricsButtonId("page", 0, 0, "x" * 90),
        HistoryPageId(USER, 0, "x" * 80),
    ],
)
def test_invalid_custom_ids_are_not_encoded(
    custom_id: CustomId,
) -> None:
    """A text that is too long or cannot be decoded again raises an error."""
    assert not custom_id.is_encodable
    with pytest.raises(ValueError, match="no custom id"):
        custom_id.encode()


@given(
    action=st.sampled_from(["page", "share", "file"]),
    page=st.integers(0, 9999),
    owner=st.integers(0, USER),
    task_id=st.text(max_size=120),
)
def test_encoding_and_decoding_are_inverse(
    action: str, page: int, owner: int, task_id: str
) -> None:
    """Any task id is rejected, or is unchanged within Discord's limit."""
    custom_id = LyricsButtonId(action, page, owner, task_id)
    if custom_id.is_encodable:
        assert len(custom_id.encode()) <= MAX_CUSTOM_ID
        assert LyricsButtonId.decode(custom_id.encode()) == custom_id


def test_custom_ids_are_defined_in_one_module() -> None:
    """No other module contains the text of a custom id."""
    assert {kind.__module__ for kind in KINDS} == {custom_ids.__name__}
