"""Runs the commands of users about watches, and keeps the replies to them."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from sandbox.discord import ActionUnavailable, Channel, Interaction, LocalDiscord, User
from tests.e2e.chaos.user_actions import Command, ReplyKind, UserAction

REPLY_TIMEOUT = 2.0
"""Real seconds for which a user waits for a reply."""


@dataclass
class WatchCommands:
    """The commands that users ran, in their order.

    ``now`` is the relay's time. ``reply_timeout``: real seconds for which a user waits for a reply.
    """

    discord: LocalDiscord
    now: Callable[[], float]
    reply_timeout: float = REPLY_TIMEOUT
    actions: list[tuple[UserAction, Interaction]] = field(default_factory=list)
    bot_exited: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while no reply is to be expected."""
    reply_received: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(
        self, command: Command, task_id: str, user: User, channel: Channel
    ) -> UserAction | None:
        """Let a user run a command, and read the reply if there is one.

        Returns ``None`` for a command that is not run.
        """
        action = UserAction(command, task_id, user.id, channel.id, self.now())
        if not self._has_known_effect(action):
            return None
        try:
            interaction = await self.discord.command(user, channel, f"suno {command}", id=task_id)
        except ActionUnavailable:
            return None
        self.actions.append((action, interaction))
        await self._read_reply(action, interaction)
        return action

    def read_late_replies(self) -> None:
        """Read the replies that came after their timeouts."""
        for action, interaction in self.actions:
            if action.reply is None and interaction.answer is not None:
                action.reply = interaction.answer.content

    def metrics(self) -> dict[str, int | float]:
        """Return how many commands there were, and what came of them."""
        kinds = [(action.command, action.reply_kind) for action, _ in self.actions]
        confirmed = {(Command.WATCH, ReplyKind.WATCHING), (Command.WATCH, ReplyKind.FINISHED)}
        return {
            "commands": len(kinds),
            "confirmed watches": sum(kind in confirmed for kind in kinds),
            "missing replies": sum(reply is ReplyKind.UNKNOWN for _, reply in kinds),
        }

    async def _read_reply(self, action: UserAction, interaction: Interaction) -> None:
        """Wait for the reply until the timeout, or until the bot exits."""
        reply = asyncio.create_task(interaction.wait_for_answer(timeout=self.reply_timeout))
        bot_exit = asyncio.create_task(self.bot_exited.wait())
        await asyncio.wait({reply, bot_exit}, return_when=asyncio.FIRST_COMPLETED)
        bot_exit.cancel()
        reply.cancel()
        with suppress(TimeoutError, asyncio.CancelledError):
            action.reply = (await reply).content
            action.replied_at = self.now()
            self.reply_received.set()

    def _has_known_effect(self, action: UserAction) -> bool:
        """Whether the effect of an action will be certain from the replies.

        A user without a reply runs no further command about that task, and only a user with one
        watch of it unwatches it.
        """
        earlier = [
            other.reply_kind
            for other, _ in self.actions
            if (other.task_id, other.user_id) == (action.task_id, action.user_id)
        ]
        if action.command is Command.UNWATCH:
            return earlier == [ReplyKind.WATCHING]
        return ReplyKind.UNKNOWN not in earlier
