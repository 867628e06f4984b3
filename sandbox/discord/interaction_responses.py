"""The bot's responses to interactions: callbacks, ``@original`` and follow-ups."""

from collections.abc import Callable

from sandbox.discord.channels import Message
from sandbox.discord.errors import Payload, api_error, invalid
from sandbox.discord.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT, Interaction
from sandbox.discord.mentions import USERS_ONLY
from sandbox.discord.message_builder import Draft, MessageBuilder
from sandbox.discord.message_parts import CHAT_INPUT, CONTEXT_MENU, DEFAULT, MessageFlag
from sandbox.discord.message_service import dispatch_message_event
from sandbox.discord.modal_limits import read_choices, read_modal
from sandbox.discord.state import DiscordState

PONG, MESSAGE, DEFER, DEFER_UPDATE, UPDATE, CHOICES, MODAL = 1, 4, 5, 6, 7, 8, 9
"""The types of an interaction's callback."""

_FOLLOW_UPS_OF_A_USER_INSTALL = 5


class InteractionResponses:
    """Accepts the bot's responses to interactions, and publishes them."""

    def __init__(self, state: DiscordState, message_builder: MessageBuilder) -> None:
        self._state = state
        self._message_builder = message_builder
        self.interactions: dict[int, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}

    def register(self, interaction: Interaction) -> None:
        """Register an interaction, so that the bot can respond to it."""
        self.interactions[interaction.id] = interaction
        self._by_token[interaction.token] = interaction

    def respond(self, interaction_id: int, token: str, kind: int, draft: Draft) -> Interaction:
        """Accept the first response. Raises ApiError for late (10062) and second ones (40060)."""
        interaction = self.interactions.get(interaction_id)
        if interaction is None or interaction.token != token:
            raise api_error(10062)
        if interaction.acknowledged:
            raise api_error(40060)
        if interaction.is_late:
            raise api_error(10062)
        answers: dict[int, Callable[[Interaction, Draft], None]] = {
            PONG: lambda _interaction, _draft: None,
            MESSAGE: self._respond_with_message,
            DEFER: self._defer,
            DEFER_UPDATE: self._defer_update,
            UPDATE: self._update_source,
            CHOICES: self._respond_with_choices,
            MODAL: self._respond_with_modal,
        }
        if kind not in answers:
            raise invalid(("type",), "BASE_TYPE_CHOICES", "This type is not known here.")
        if (interaction.kind == AUTOCOMPLETE) is not (kind == CHOICES):
            text = "This type does not fit the interaction."
            raise invalid(("type",), "INTERACTION_APPLICATION_COMMAND_INVALID_TYPE", text)
        if kind in (MESSAGE, DEFER):
            draft = draft.validated(interaction.channel, ephemeral=True)
        answers[kind](interaction, draft)
        interaction.response_type = kind
        interaction.acknowledged_after = self._state.shared.clock.now() - interaction.created_at
        self._state.shared.changes.notify()
        return interaction

    def _respond_with_message(self, interaction: Interaction, draft: Draft) -> None:
        message = self._new(interaction, draft.flags & MessageFlag.EPHEMERAL)
        self._message_builder.fill(message, draft, default_mentions=USERS_ONLY)
        interaction.original = message
        self._publish(interaction, message)

    def _defer(self, interaction: Interaction, draft: Draft) -> None:
        flags = (draft.flags & MessageFlag.EPHEMERAL) | MessageFlag.LOADING
        message = self._new(interaction, flags)
        interaction.original = message
        self._message_builder.publish(message)
        self._state.publish("thinking", message=message, interaction=interaction)
        self._dispatch_event("MESSAGE_CREATE", message)

    def _defer_update(self, interaction: Interaction, _draft: Draft) -> None:
        interaction.original = self._source_of(interaction)

    def _update_source(self, interaction: Interaction, draft: Draft) -> None:
        interaction.original = self._source_of(interaction)
        self._edit(interaction, interaction.original, draft)

    def _source_of(self, interaction: Interaction) -> Message:
        if interaction.kind not in (COMPONENT, MODAL_SUBMIT) or interaction.source is None:
            text = "There is no message to update."
            raise invalid(("type",), "INTERACTION_APPLICATION_COMMAND_INVALID_TYPE", text)
        return interaction.source

    def _respond_with_choices(self, interaction: Interaction, draft: Draft) -> None:
        (option,) = _focused(interaction.data)
        interaction.choices = read_choices(draft.payload, option["type"])
        self._state.publish("choices", interaction=interaction)

    def _respond_with_modal(self, interaction: Interaction, draft: Draft) -> None:
        if interaction.kind == MODAL_SUBMIT:
            text = "A modal cannot answer a modal."
            raise invalid(("type",), "INTERACTION_APPLICATION_COMMAND_INVALID_TYPE", text)
        interaction.modal = read_modal(draft.payload)
        self._state.publish("modal", interaction=interaction)

    def by_token(self, token: str) -> Interaction:
        """Return the interaction of a token, or raise ApiError 10015 (unknown) or 50027 (old).

        Until it is acknowledged, an interaction has no webhook (10015).
        """
        interaction = self._by_token.get(token)
        if interaction is None:
            raise api_error(10015)
        if interaction.token_expired:
            raise api_error(50027)
        if not interaction.acknowledged:
            raise api_error(10015)
        return interaction

    def find(self, interaction: Interaction, reference: str) -> Message:
        """Return ``@original`` or a follow-up by its id, or raise ApiError 10008."""
        known = [*interaction.follow_ups]
        if interaction.original is not None:
            known.append(interaction.original)
        for message in known:
            if not message.deleted and reference in ("@original", str(message.id)):
                if reference == "@original" and message is not interaction.original:
                    continue
                return message
        raise api_error(10008)

    def follow_up(self, interaction: Interaction, draft: Draft) -> Message:
        """Post a further message; right after a deferral it becomes the deferred answer itself."""
        original = interaction.original
        if interaction.response_type == DEFER and original is not None and original.thinking:
            return self.edit(interaction, original, draft)
        too_many = len(interaction.follow_ups) >= _FOLLOW_UPS_OF_A_USER_INSTALL
        if interaction.by_user_install_only and too_many:
            raise api_error(40094)
        draft = draft.validated(interaction.channel, ephemeral=True)
        message = self._new(interaction, draft.flags & MessageFlag.EPHEMERAL)
        self._message_builder.fill(message, draft, default_mentions=USERS_ONLY)
        interaction.follow_ups.append(message)
        self._publish(interaction, message)
        return message

    def edit(self, interaction: Interaction, message: Message, draft: Draft) -> Message:
        """Change ``@original`` or a follow-up; the first edit ends "thinking…"."""
        self._edit(interaction, message, draft)
        return message

    def delete(self, interaction: Interaction, message: Message) -> None:
        """Delete ``@original`` or a follow-up."""
        message.deleted = True
        self._state.publish("delete", message=message, interaction=interaction)
        dispatch_message_event(self._state, "MESSAGE_DELETE", message, message.delete_payload())

    def _new(self, interaction: Interaction, flags: MessageFlag) -> Message:
        kind = DEFAULT
        if interaction.kind == COMMAND:
            kind = CHAT_INPUT if interaction.data.get("type") == 1 else CONTEXT_MENU
        return self._message_builder.create(
            interaction.channel,
            self._state.shared.bot,
            flags=flags,
            origin=interaction.origin,
            visible_to=interaction.user if flags & MessageFlag.EPHEMERAL else None,
            kind=kind,
        )

    def _edit(self, interaction: Interaction, message: Message, draft: Draft) -> None:
        draft = draft.validated(interaction.channel, message=message, ephemeral=True)
        self._message_builder.fill(message, draft, default_mentions=USERS_ONLY)
        if message is interaction.source:
            interaction.updated_source = True
        shared = self._state.shared
        message.edited_at = shared.clock.time()
        if message.thinking:
            message.flags &= ~MessageFlag.LOADING
            self._state.publish("answer", message=message, interaction=interaction)
        else:
            self._state.publish("edit", message=message, interaction=interaction)
        self._dispatch_event("MESSAGE_UPDATE", message)

    def _publish(self, interaction: Interaction, message: Message) -> None:
        self._message_builder.publish(message)
        self._state.publish("answer", message=message, interaction=interaction)
        self._dispatch_event("MESSAGE_CREATE", message)

    def _dispatch_event(self, event: str, message: Message) -> None:
        dispatch_message_event(self._state, event, message, message.event_payload())


def _focused(data: Payload) -> list[Payload]:
    found: list[Payload] = []
    for option in data.get("options") or []:
        found += [option] if option.get("focused") else _focused(option)
    return found
