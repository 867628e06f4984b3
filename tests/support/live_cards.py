"""The live card of a song in a sandbox, and its buttons."""

from sandbox.discord import Channel, Interaction, Message, User
from tests.support.sandbox_session import SandboxSession

SONG = "a-song-with-a-long-id"


async def card_of(sandbox: SandboxSession, channel: Channel | None = None) -> Message:
    """Wait for the card in a channel, by default the songs channel."""
    (card,) = await sandbox.discord.wait_for(lambda: sandbox.cards(channel), 120, "a card")
    return card


async def press(sandbox: SandboxSession, user: User, card: Message, label: str) -> Interaction:
    """Press a button of a card, and wait for the answer."""
    (row,) = [row for row in card.components if "custom_id" in row["components"][0]]
    custom_ids = {button["label"]: button.get("custom_id") for button in row["components"]}
    pressed = await sandbox.discord.press(user, card, custom_ids[label])
    await pressed.wait_for_answer()
    return pressed
