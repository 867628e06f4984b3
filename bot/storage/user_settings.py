"""What people have set for themselves: the language that the bot uses with them."""

from collections.abc import Mapping

from bot.storage.database import DatabaseThread


class UserSettingsStore:
    """The settings of every person who has changed any.

    They are in memory too, because each interaction needs them before anything can be awaited.
    """

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database
        self._languages: dict[int, str] = {}
        self.changed = database.hint("user settings")
        """Set when another process may have changed some."""

    @property
    def languages(self) -> Mapping[int, str]:
        """The locales that people have chosen, by user id."""
        return self._languages

    async def load(self) -> None:
        """Read all settings; they are unknown before."""
        rows = await self._database.read("SELECT user_id, language FROM user_settings", [])
        self._languages = {row["user_id"]: row["language"] for row in rows}

    async def refresh(self) -> None:
        """Read all settings again: other processes on the database may have changed some."""
        await self.load()

    async def set_language(self, user_id: int, language: str | None) -> None:
        """Store the locale that a person has chosen; ``None``: delete what is stored."""
        if language is None:
            await self._database.write("DELETE FROM user_settings WHERE user_id = ?", [user_id])
            self.forget(user_id)
            return
        await self._database.write(
            "INSERT INTO user_settings (user_id, language) VALUES (?, ?)"
            " ON CONFLICT (user_id) DO UPDATE SET language = excluded.language",
            [user_id, language],
        )
        self._languages[user_id] = language
        self.changed.set()

    def forget(self, user_id: int) -> None:
        """Forget the settings of a person whose rows were deleted."""
        self._languages.pop(user_id, None)
        self.changed.set()
