"""The routes on which the bot answers interactions; the token in the path is all they need."""

from typing import Any

from aiohttp import web

from sandbox.discord.bodies import json_response, no_content, path_id, read_draft, read_with_files
from sandbox.discord.channels import Message
from sandbox.discord.errors import Payload, invalid
from sandbox.discord.interaction_responses import (
    DEFER_UPDATE,
    MESSAGE,
    UPDATE,
    InteractionResponses,
)
from sandbox.discord.interactions import Interaction
from sandbox.discord.message_builder import Draft


class InteractionRoutes:
    """Callbacks, ``@original`` and follow-ups over HTTP."""

    def __init__(self, answers: InteractionResponses) -> None:
        self._responses = answers

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """List the routes below ``prefix``."""
        webhook = f"{prefix}/webhooks/{{application}}/{{token}}"
        message = f"{webhook}/messages/{{message}}"
        return [
            web.post(f"{prefix}/interactions/{{interaction}}/{{token}}/callback", self.respond),
            web.post(webhook, self.follow_up),
            web.get(message, self.get),
            web.patch(message, self.edit),
            web.delete(message, self.delete),
        ]

    async def respond(self, request: web.Request) -> web.Response:
        """``POST /interactions/{interaction}/{token}/callback``."""
        body, uploads = await read_with_files(request)
        draft = Draft(_data_of(body), uploads)
        interaction = self._responses.respond(
            path_id(request, "interaction"),
            request.match_info["token"],
            _type_of(body.get("type")),
            draft,
        )
        if request.query.get("with_response", "").lower() not in ("1", "true"):
            return no_content()
        return json_response(_callback_payload(interaction))

    async def follow_up(self, request: web.Request) -> web.Response:
        """``POST /webhooks/{application}/{token}``."""
        draft = await read_draft(request)
        interaction = self._interaction(request)
        return json_response(self._responses.follow_up(interaction, draft).payload())

    async def get(self, request: web.Request) -> web.Response:
        """``GET /webhooks/{application}/{token}/messages/{message}``."""
        return json_response(self._message(request, self._interaction(request)).payload())

    async def edit(self, request: web.Request) -> web.Response:
        """``PATCH /webhooks/{application}/{token}/messages/{message}``."""
        draft = await read_draft(request)
        interaction = self._interaction(request)
        message = self._message(request, interaction)
        return json_response(self._responses.edit(interaction, message, draft).payload())

    async def delete(self, request: web.Request) -> web.Response:
        """``DELETE /webhooks/{application}/{token}/messages/{message}``."""
        interaction = self._interaction(request)
        self._responses.delete(interaction, self._message(request, interaction))
        return no_content()

    def _interaction(self, request: web.Request) -> Interaction:
        return self._responses.by_token(request.match_info["token"])

    def _message(self, request: web.Request, interaction: Interaction) -> Message:
        return self._responses.find(interaction, request.match_info["message"])


def _type_of(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _data_of(body: Payload) -> Payload:
    data = body.get("data")
    if data is not None and not isinstance(data, dict):
        text = "Only dictionaries may be used in a ModelType"
        raise invalid(("data",), "MODEL_TYPE_CONVERT", text)
    return data or {}


def _callback_payload(interaction: Interaction) -> Payload:
    kind, message = interaction.response_type, interaction.original
    said: Payload = {"id": str(interaction.id), "type": interaction.kind}
    payload: Payload = {"interaction": said}
    if message is None:
        return payload
    said["response_message_id"] = str(message.id)
    said["response_message_loading"] = message.thinking
    said["response_message_ephemeral"] = message.ephemeral
    if kind != DEFER_UPDATE:
        resource_type = UPDATE if kind == UPDATE else MESSAGE
        payload["resource"] = {
            "type": kind if message.thinking else resource_type,
            "message": message.payload(),
        }
    return payload
