"""The routes of threads."""

from datetime import UTC, datetime

from aiohttp import web

from sandbox.discord.bodies import (
    json_response,
    no_content,
    number,
    path_id,
    read_draft,
    read_object,
)
from sandbox.discord.channel_kinds import FORUMS
from sandbox.discord.errors import invalid
from sandbox.discord.state import DiscordState
from sandbox.discord.thread_service import ThreadService


class ThreadRoutes:
    """Starting, joining and leaving threads over HTTP."""

    def __init__(self, state: DiscordState, threads: ThreadService) -> None:
        self._state = state
        self._threads = threads

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """List the routes below ``prefix``."""
        channel = f"{prefix}/channels/{{channel}}"
        return [
            web.patch(channel, self.change),
            web.post(f"{channel}/messages/{{message}}/threads", self.start_from),
            web.post(f"{channel}/threads", self.start),
            web.get(f"{channel}/threads/archived/public", self.archived),
            web.put(f"{channel}/thread-members/@me", self.join),
            web.delete(f"{channel}/thread-members/@me", self.leave),
        ]

    async def start_from(self, request: web.Request) -> web.Response:
        """``POST /channels/{channel}/messages/{message}/threads``."""
        channel, message = path_id(request, "channel"), path_id(request, "message")
        thread = self._threads.start_from(channel, message, await read_object(request))
        return json_response(thread.payload(), status=201)

    async def start(self, request: web.Request) -> web.Response:
        """``POST /channels/{channel}/threads``: in a forum it is a post, with its message."""
        draft = await read_draft(request)
        channel = self._state.channel_visible_to_bot(path_id(request, "channel"))
        if channel.kind not in FORUMS:
            return json_response(
                self._threads.start(channel.id, draft.payload).payload(), status=201
            )
        thread, message = self._threads.post(channel.id, draft)
        return json_response({**thread.payload(), "message": message.payload()}, status=201)

    async def archived(self, request: web.Request) -> web.Response:
        """``GET /channels/{channel}/threads/archived/public``."""
        threads, more = self._threads.archived(
            path_id(request, "channel"),
            limit=number(request.query.get("limit", "50")),
            before=_time(request.query.get("before")),
        )
        listed = [thread.payload() for thread in threads]
        return json_response({"threads": listed, "members": [], "has_more": more})

    async def change(self, request: web.Request) -> web.Response:
        """``PATCH /channels/{channel}``; of what is no thread the bot changes nothing."""
        thread = self._threads.change(path_id(request, "channel"), await read_object(request))
        return json_response(thread.payload())

    async def join(self, request: web.Request) -> web.Response:
        """``PUT /channels/{channel}/thread-members/@me``."""
        self._threads.join(path_id(request, "channel"))
        return no_content()

    async def leave(self, request: web.Request) -> web.Response:
        """``DELETE /channels/{channel}/thread-members/@me``."""
        self._threads.leave(path_id(request, "channel"))
        return no_content()


def _time(written: str | None) -> datetime | None:
    """Read a time of a query."""
    if written is None:
        return None
    try:
        time = datetime.fromisoformat(written)
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    except ValueError as error:
        text = f"Could not parse {written}. Should be ISO8601."
        raise invalid(("before",), "DATE_TIME_TYPE_PARSE", text) from error
