"""The routes of channels and their messages."""

from aiohttp import web

from sandbox.discord.bodies import json_response, no_content, number, path_id, read_draft
from sandbox.discord.browser_protection import UPLOAD_HEADERS
from sandbox.discord.channels import Channel
from sandbox.discord.errors import api_error, invalid
from sandbox.discord.message_service import MessageService
from sandbox.discord.permissions import Permission
from sandbox.discord.state import DiscordState


class MessageRoutes:
    """Channels, messages and threads over HTTP."""

    def __init__(self, state: DiscordState, messages: MessageService) -> None:
        self._state = state
        self._messages = messages

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """List the routes below ``prefix``."""
        channel = f"{prefix}/channels/{{channel}}"
        message = f"{channel}/messages/{{message}}"
        return [
            web.get(channel, self.get_channel),
            web.post(f"{channel}/typing", self.type),
            web.post(f"{channel}/messages", self.post),
            web.get(f"{channel}/messages", self.list),
            web.get(message, self.get),
            web.patch(message, self.edit),
            web.delete(message, self.delete),
            web.get("/attachments/{channel}/{attachment}/{name}", self.file),
        ]

    async def get_channel(self, request: web.Request) -> web.Response:
        """``GET /channels/{channel}``."""
        return json_response(self._channel(request).payload())

    async def type(self, request: web.Request) -> web.Response:
        """``POST /channels/{channel}/typing``."""
        channel = self._channel(request)
        if not self._may(channel) & Permission.SEND_MESSAGES:
            raise api_error(50013)
        return no_content()

    async def post(self, request: web.Request) -> web.Response:
        """``POST /channels/{channel}/messages``."""
        draft = await read_draft(request)
        message = self._messages.post(path_id(request, "channel"), draft)
        payload = message.payload()
        if draft.payload.get("nonce") is not None:
            payload["nonce"] = draft.payload["nonce"]
        return json_response(payload)

    async def list(self, request: web.Request) -> web.Response:
        """``GET /channels/{channel}/messages``."""
        query = request.query
        asked = {key: number(query[key]) for key in ("before", "after", "around") if key in query}
        if len(asked) > 1:
            text = "Only one of before, after and around may be given."
            raise invalid(("_",), "MUTUALLY_EXCLUSIVE", text)
        messages = self._messages.list(
            path_id(request, "channel"),
            limit=number(query.get("limit", "50")),
            before=asked.get("before"),
            after=asked.get("after"),
            around=asked.get("around"),
        )
        return json_response([message.payload_for_the_bot() for message in messages])

    async def get(self, request: web.Request) -> web.Response:
        """``GET /channels/{channel}/messages/{message}``."""
        message = self._messages.get(path_id(request, "channel"), path_id(request, "message"))
        return json_response(message.payload_for_the_bot())

    async def edit(self, request: web.Request) -> web.Response:
        """``PATCH /channels/{channel}/messages/{message}``."""
        draft = await read_draft(request)
        channel, message = path_id(request, "channel"), path_id(request, "message")
        return json_response(self._messages.edit(channel, message, draft).payload())

    async def delete(self, request: web.Request) -> web.Response:
        """``DELETE /channels/{channel}/messages/{message}``."""
        self._messages.delete(path_id(request, "channel"), path_id(request, "message"))
        return no_content()

    async def file(self, request: web.Request) -> web.Response:
        """Serve a file of a message, as Discord's CDN does."""
        attachment = self._state.file(request.match_info["attachment"])
        if attachment is None:
            raise web.HTTPNotFound
        return web.Response(
            body=attachment.data, content_type=attachment.content_type, headers=UPLOAD_HEADERS
        )

    def _channel(self, request: web.Request) -> Channel:
        return self._state.channel_visible_to_bot(path_id(request, "channel"))

    def _may(self, channel: Channel) -> Permission:
        return channel.permissions_of(self._state.shared.bot)
