"""How people ask for files of a version in the menu of a song: WAV, timed lyrics, stems."""

from dataclasses import dataclass
from math import inf

from bot.i18n.catalog import catalog_for
from bot.ui.custom_ids import CreationButtonId, VersionButtonId
from tests.simulation.accounts import panel
from tests.simulation.discord_state import Channel, DiscordState, Interaction, User
from tests.simulation.process import BotProcess
from tests.simulation.users import COMPONENT, Users

_WORDS = catalog_for("en-US")
_BULLET = "\N{BULLET}"
_MADE = [
    _WORDS.text(key, version=_BULLET, link="").partition(_BULLET)[0]
    for key in ("create-wav", "create-stems", "create-timing")
]
_WAITING = _WORDS.text("create-file-waiting")


@dataclass(eq=False, slots=True)
class FilePress:
    """A press of a button about the first version of a song, and what was answered."""

    action: str
    task_id: str
    person: User
    interaction: Interaction

    @property
    def told(self) -> str:
        """What the person was shown."""
        return "\n".join(text for _, text in self.interaction.seen)

    @property
    def answered_at(self) -> float:
        """When the last answer came (true Unix seconds); infinite if none did."""
        return self.interaction.seen[-1][0] if self.interaction.seen else inf

    @property
    def is_made(self) -> bool:
        """Whether the person was given the file."""
        return any(each in self.told for each in _MADE)

    @property
    def is_waiting(self) -> bool:
        """Whether the person was told that the relay is still making it."""
        return _WAITING in self.told

    def __str__(self) -> str:
        return f"{self.person.name} gets {self.action} of {self.task_id}: {self.told[:80]!r}"


class FilePresses:
    """Performs the presses, and records them."""

    def __init__(self, state: DiscordState, users: Users) -> None:
        self._state = state
        self._users = users
        self.all: list[FilePress] = []

    def press(
        self,
        process: BotProcess | None,
        person: User,
        channel: Channel,
        song: CreationButtonId,
        action: str,
    ) -> None:
        """Press a button in the menu of the song that a button is about."""
        version = VersionButtonId(action, 1, song.account, song.task_id)
        if not version.is_encodable:
            return
        data = {"custom_id": version.encode(), "component_type": 2}
        menu = panel(channel, data, self._state.clock.true_time())
        what = f"gets {action} of {song.task_id}"
        interaction = self._users.interact(process, person, channel, COMPONENT, data, what, menu)
        if interaction is not None:
            self.all.append(FilePress(action, song.task_id, person, interaction))
