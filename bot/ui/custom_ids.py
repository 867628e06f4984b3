"""The custom ids of all persistent components: what a button or a menu is about.

A component outlives a restart because its custom id holds everything that its handler needs: a kind
and arguments, separated by colons. Each class here is one kind; its fields are the arguments, in
order, each annotated with the pattern that its text matches. Messages with these ids are in
channels already, so a kind never changes: a new one is added instead.
"""

import re
from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any, ClassVar, Self, get_args, get_type_hints

from bot.ui.limits import MAX_CUSTOM_ID

UserId = Annotated[int, r"[0-9]{1,20}"]
RowId = Annotated[int, r"[0-9]+"]
Account = Annotated[str, r"[a-z0-9-]{1,40}"]
TaskId = Annotated[str, r"[\w.,:~/-]+"]
"""Commas join the ids of clips, where a relay has named no task."""


class CustomId:
    """A custom id as a value. Subclasses are frozen dataclasses of ``int`` and ``str`` fields."""

    kind: ClassVar[str]

    @classmethod
    @cache
    def template(cls) -> re.Pattern[str]:
        """Return the pattern that matches the custom ids of this kind, a group for each field."""
        groups = [f"(?P<{name}>{pattern})" for name, (_, pattern) in cls._arguments().items()]
        return re.compile(":".join([re.escape(cls.kind), *groups]))

    @classmethod
    def decode(cls, custom_id: str) -> Self | None:
        """Return the value of a custom id, ``None`` for one of another kind."""
        match = cls.template().fullmatch(custom_id)
        if match is None:
            return None
        arguments = cls._arguments().items()
        return cls(**{name: convert(match[name]) for name, (convert, _) in arguments})

    @property
    def is_encodable(self) -> bool:
        """Whether ``encode`` returns a custom id: the arguments fit, together and each."""
        text = self._text()
        return len(text) <= MAX_CUSTOM_ID and self.template().fullmatch(text) is not None

    def encode(self) -> str:
        """Return the custom id. Raises ``ValueError`` for one that Discord or we would not take."""
        if not self.is_encodable:
            raise ValueError(f"no custom id of at most {MAX_CUSTOM_ID} characters: {self._text()}")
        return self._text()

    def _text(self) -> str:
        return ":".join([self.kind, *(str(getattr(self, name)) for name in self._arguments())])

    @classmethod
    @cache
    def _arguments(cls) -> dict[str, tuple[type[Any], str]]:
        """Return the type and the pattern of each field, by its name."""
        hints = get_type_hints(cls, include_extras=True)
        names = [field.name for field in fields(cls)]  # type: ignore[arg-type]  # a dataclass
        return {name: get_args(hints[name])[:2] for name in names}


@dataclass(frozen=True)
class KeepWatchingId(CustomId):
    """Under a notice that a task was given up: watch the task of this delivery again."""

    kind = "keep-watching"
    delivery_id: RowId


@dataclass(frozen=True)
class StatusButtonId(CustomId):
    """Under a status card. A task id that is longer, which no relay makes, has no buttons."""

    kind = "status"
    action: Annotated[str, "notify|stop|lyrics|refresh"]
    task_id: Annotated[str, r"[\w.,:~/-]{1,85}"]


@dataclass(frozen=True)
class StatusListButtonId(CustomId):
    """Under the statuses of several tasks; their ids are the values of the menu beside it."""

    kind = "statuses"
    action: Annotated[str, "notify|stop|refresh"]


@dataclass(frozen=True)
class StatusMenuId(CustomId):
    """The menu that opens one of several statuses; the task ids are its values."""

    kind = "status-open"


@dataclass(frozen=True)
class LyricsButtonId(CustomId):
    """Under a page of lyrics. ``page`` counts from 0; ``owner`` is 0 in a private reader."""

    kind = "lyrics"
    action: Annotated[str, "page|share|file"]
    page: Annotated[int, r"[0-9]{1,4}"]
    owner: UserId
    task_id: TaskId


@dataclass(frozen=True)
class LyricsMenuId(CustomId):
    """The menu of a lyrics reader; pages, or sections on them, are its values.

    Fields as of ``LyricsButtonId``.
    """

    kind = "lyrics-menu"
    owner: UserId
    task_id: TaskId


@dataclass(frozen=True)
class LiveCardButtonId(CustomId):
    """Under a live card: watch its tasks too, or stop watching them."""

    kind = "card"
    action: Annotated[str, "join|leave"]
    card_id: RowId


@dataclass(frozen=True)
class FoundTasksId(CustomId):
    """The menu of the tasks found in a message; the task ids are its values."""

    kind = "watch-found"


HISTORY_CHOICE = "here|mine"
"""The server's history as far as the user may see it, or the user's own from everywhere."""


@dataclass(frozen=True)
class HistoryViewId(CustomId):
    """Under a page of a history: show page ``page``, counted from 0, of a search in it."""

    kind = "past"
    owner: UserId
    choice: Annotated[str, HISTORY_CHOICE]
    page: Annotated[int, r"[0-9]{1,7}"]
    search: Annotated[str, r"(?s:.*)"]


@dataclass(frozen=True)
class HistoryMenuId(CustomId):
    """The menu that opens an entry of a history; the entries' ids are its values."""

    kind = "past-open"
    owner: UserId
    choice: Annotated[str, HISTORY_CHOICE]


@dataclass(frozen=True)
class HistoryPostId(CustomId):
    """Under an opened entry of a history: post it in this channel."""

    kind = "past-post"
    choice: Annotated[str, HISTORY_CHOICE]
    entry_id: RowId


@dataclass(frozen=True)
class HistoryPageId(CustomId):
    """As ``HistoryViewId``, in messages of earlier versions; there was only one history to see."""

    kind = "history"
    owner: UserId
    page: Annotated[int, r"[0-9]{1,9}"]
    search: Annotated[str, r"(?s:.*)"]


@dataclass(frozen=True)
class HistoryEntryId(CustomId):
    """As ``HistoryMenuId``, in messages of earlier versions."""

    kind = "history-open"
    owner: UserId


@dataclass(frozen=True)
class ErasureButtonId(CustomId):
    """Under the question whether to delete all data about ``owner``."""

    kind = "forget"
    action: Annotated[str, "delete|keep"]
    owner: UserId


@dataclass(frozen=True)
class LanguageMenuId(CustomId):
    """The menu of the languages for answers to its user; the locales are its values."""

    kind = "language"


@dataclass(frozen=True)
class AccountButtonId(CustomId):
    """Under the relay account of the server (``server``) or of whoever presses it (``own``)."""

    kind = "account"
    owner: Annotated[str, "server|own"]
    action: Annotated[str, "show|disconnect|confirm"]


@dataclass(frozen=True)
class AccountConnectId(CustomId):
    """A button that asks for the key of an account at a relay. ``owner`` as above."""

    kind = "account-connect"
    owner: Annotated[str, "server|own"]
    relay: Annotated[str, r"[a-z0-9-]{1,40}"]


@dataclass(frozen=True)
class AccountModalId(CustomId):
    """The modal in which the key of an account is entered. Fields as of ``AccountConnectId``."""

    kind = "account-key"
    owner: Annotated[str, "server|own"]
    relay: Annotated[str, r"[a-z0-9-]{1,40}"]


@dataclass(frozen=True)
class SettingId(CustomId):
    """A menu that changes a setting of the server where it is used.

    Panels of earlier versions have buttons of this kind too: they open the page of a setting.
    """

    kind = "settings"
    name: Annotated[str, "channel|roles|role|mention|uploads|language|limit|notices|reset"]


@dataclass(frozen=True)
class SettingsMenuId(CustomId):
    """The menu that opens the page of a setting; the names of pages are its values."""

    kind = "settings-menu"


@dataclass(frozen=True)
class SettingsPageId(CustomId):
    """A button that opens a page of the settings panel."""

    kind = "settings-page"
    page: Annotated[str, "overview|reset"]


@dataclass(frozen=True)
class SettingsDefaultId(CustomId):
    """A button that sets a setting to its default, or all of them."""

    kind = "settings-default"
    name: Annotated[str, "channel|roles|role|all"]


@dataclass(frozen=True)
class CreationButtonId(CustomId):
    """Under a notice, or in the menu of a song: create more of it.

    ``more`` opens the menu, ``again`` repeats the request, ``edit`` opens it in a modal, ``song``
    opens a modal with the lyrics of the task.
    """

    kind = "create"
    action: Annotated[str, "more|again|edit|song"]
    account: Account
    task_id: TaskId


@dataclass(frozen=True)
class VersionButtonId(CustomId):
    """In the menu of a song: extend a version, or fetch its files. Versions are counted from 1."""

    kind = "version"
    action: Annotated[str, "extend|wav|timing|stems"]
    version: Annotated[int, r"[0-9]{1,3}"]
    account: Account
    task_id: TaskId


@dataclass(frozen=True)
class CreationModalId(CustomId):
    """The modal in which a request is written."""

    kind = "create-form"
    form: Annotated[str, "description|custom|lyrics"]


@dataclass(frozen=True)
class ExtensionModalId(CustomId):
    """The modal in which the continuation of a version is written. Versions are counted from 1."""

    kind = "create-extension"
    version: Annotated[int, r"[0-9]{1,3}"]
    account: Account
    task_id: TaskId


@dataclass(frozen=True)
class CreationDraftId(CustomId):
    """Under the answer that a request was not accepted: open it in its modal again."""

    kind = "create-draft"
    draft: Annotated[str, "[0-9a-f]{16}"]


@dataclass(frozen=True)
class CreationSettingId(CustomId):
    """A menu that changes a setting of creation in the server where it is used."""

    kind = "create-settings"
    name: Annotated[str, "roles|user|server|models|model"]


@dataclass(frozen=True)
class CreationSettingsMenuId(CustomId):
    """The menu that opens the page of a setting of creation; the pages are its values."""

    kind = "create-settings-menu"


@dataclass(frozen=True)
class CreationSettingsButtonId(CustomId):
    """In the panel of the settings of creation: turn it on or off, go back, or enter a price."""

    kind = "create-settings-button"
    action: Annotated[str, "on|off|overview|price"]


@dataclass(frozen=True)
class CreationDefaultId(CustomId):
    """A button that sets a setting of creation to its default."""

    kind = "create-settings-default"
    name: Annotated[str, "roles|models|model|price"]


@dataclass(frozen=True)
class CreationPriceModalId(CustomId):
    """The modal in which the price of a creation is described."""

    kind = "create-price"
