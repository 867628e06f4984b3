"""Lets users delete what is stored about them, as they do in Discord."""

from contextlib import suppress

from bot.i18n.catalog import catalog_for
from sandbox.discord import ActionUnavailable, Channel, Interaction, User
from tests.e2e.chaos.environment import Environment

_TIMEOUT = 5.0
"""Real seconds for which a user waits for each answer."""
_DONE = catalog_for("en-US").text("forget-done")


async def ask_to_forget(environment: Environment, user: User, channel: Channel) -> Interaction:
    """Use the command, and wait for the question; raises ``TimeoutError`` without one.

    Raises ``ActionUnavailable`` where Discord does not offer it.
    """
    interaction = await environment.discord.command(user, channel, "suno forget")
    await interaction.wait_for_answer(timeout=_TIMEOUT)
    return interaction


async def confirm(environment: Environment, asked: Interaction) -> bool:
    """Press the button that deletes; return whether the user was told that it is done."""
    message = asked.messages[0]
    with suppress(ActionUnavailable, TimeoutError):
        await environment.discord.press(asked.user, message, f"forget:delete:{asked.user.id}")
        await environment.discord.wait_for(lambda: message.content == _DONE, _TIMEOUT)
        return True
    return False
