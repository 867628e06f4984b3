"""Discord's HTTP API, as much of it as the bot uses: strict where Discord is."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from typing import Any

from yarl import URL

from tests.simulation.discord_limits import form_fault
from tests.simulation.discord_state import (
    APPLICATION_ID,
    BOT_USER,
    EMBED,
    HISTORY,
    SEND,
    VIEW,
    Channel,
    DiscordState,
    Interaction,
    Message,
)
from tests.simulation.faults import Reply, Request, Side

BASE = "/api/v10/"
_IDS = re.compile(r"\d{5,}|@me|@original|token-\d+")
POSTS, POSTS_PER = 5, 5.0
"""Messages that a channel takes within so many seconds."""
ANSWER_WITHIN, TOKEN_LIVES = 3.0, 900.0
UNKNOWN_USER = 10013


def describe(method: str, url: URL, body: Any, headers: dict[str, str]) -> Request:
    """Read a request of the bot's, with the channel or the user that it is about."""
    path = url.path.removeprefix(BASE)
    parts = path.split("/")
    return Request(
        Side.DISCORD,
        method,
        path,
        _IDS.sub("ID", path),
        body,
        dict(url.query),
        headers.get("Authorization", ""),
        channel_id=int(parts[1]) if parts[0] == "channels" else None,
        user_id=int(body["recipient_id"]) if path == "users/@me/channels" else None,
    )


def error(status: int, code: int, message: str = "") -> Reply:
    """Answer with an error of Discord's own."""
    return _reply({"code": code, "message": message or f"error {code}"}, status)


def rate_limited(seconds: float, *, everywhere: bool = False) -> Reply:
    """Answer that it was too much, for one bucket or for the whole bot."""
    body = {"message": "You are being rate limited.", "retry_after": seconds, "global": everywhere}
    headers = [("Retry-After", str(seconds)), ("Via", "1.1 google")]
    headers.append(("X-RateLimit-Scope", "global" if everywhere else "user"))
    return Reply(429, json.dumps(body).encode(), headers=tuple(headers))


def _reply(body: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    return Reply(status, json.dumps(body).encode(), headers=(("Via", "1.1 google"), *headers))


class DiscordServer:
    """Answers the bot's requests by what `DiscordState` holds."""

    def __init__(self, state: DiscordState, nonce_window: float) -> None:
        self._state = state
        self._nonce_window = nonce_window
        self.complaints: list[str] = []
        """What the bot sent that Discord would never take."""
        self._routes: dict[str, Callable[[Request], Reply]] = {
            "GET users/ID": lambda _: _reply(BOT_USER),
            "POST users/ID/channels": self._open_direct,
            "POST channels/ID/messages": self._post,
            "GET channels/ID/messages": self._history,
            "GET channels/ID/messages/ID": self._get_message,
            "PATCH channels/ID/messages/ID": self._edit,
            "DELETE channels/ID/messages/ID": self._delete,
            "GET channels/ID": self._get_channel,
            "POST interactions/ID/ID/callback": self._acknowledge,
            "PATCH webhooks/ID/ID/messages/ID": self._answer,
            "POST webhooks/ID/ID": self._answer,
        }

    def receive(self, request: Request) -> Reply:
        """Do what is asked, and answer."""
        handle = self._routes.get(f"{request.method} {request.route}")
        if handle is None:
            self.complaints.append(f"no such route: {request}")
            return error(404, 0, "404: Not Found")
        reply = handle(request)
        date = formatdate(self._state.clock.true_time(), usegmt=True)
        return replace(reply, headers=(*reply.headers, ("Date", date)))

    # Messages

    def _channel(self, request: Request, needed: int) -> Channel | Reply:
        channel = self._state.channels.get(request.channel_id or 0)
        if channel is None or channel.deleted:
            return error(404, 10003, "Unknown Channel")
        if channel.denied & VIEW:
            return error(403, 50001, "Missing Access")
        if channel.denied & needed:
            return error(403, 50013, "Missing Permissions")
        return channel

    def _post(self, request: Request) -> Reply:
        channel = self._channel(request, SEND)
        if isinstance(channel, Reply):
            return channel
        if channel.person is not None and channel.person.refuses_with:
            return error(403, channel.person.refuses_with)
        now, body = self._state.clock.now, request.body
        channel.posts = [at for at in channel.posts if now - at < POSTS_PER]
        if len(channel.posts) >= POSTS:
            return rate_limited(round(channel.posts[0] + POSTS_PER - now + 0.001, 3))
        if refusal := self._refusal(channel, body):
            return refusal
        nonce = str(body["nonce"]) if "nonce" in body else None
        if body.get("enforce_nonce") and (known := self._known(channel, nonce)):
            return error(404, 10008) if known.deleted else _reply(known.payload())
        channel.posts.append(now)
        message = self._written(channel, body, nonce)
        left, reset = POSTS - len(channel.posts), channel.posts[0] + POSTS_PER - now
        headers = (
            ("X-RateLimit-Bucket", "posts"),
            ("X-RateLimit-Limit", str(POSTS)),
            ("X-RateLimit-Remaining", str(left)),
            ("X-RateLimit-Reset-After", f"{reset:.3f}"),
        )
        return _reply(message.payload(), headers=headers)

    def _known(self, channel: Channel, nonce: str | None) -> Message | None:
        known = channel.nonces.get(nonce or "")
        young = known and self._state.clock.true_time() - known.created_at < self._nonce_window
        return known if young else None

    def _written(self, channel: Channel, body: dict[str, Any], nonce: str | None) -> Message:
        content = (body.get("content") or "").strip()
        allowed = body.get("allowed_mentions") or {}
        users = [int(user) for user in allowed.get("users", ())]
        embeds = _embeds(body)
        message = Message(
            self._state.snowflake(),
            channel.id,
            content,
            [] if channel.denied & EMBED else embeds,
            body.get("components") or [],
            nonce,
            tuple(user for user in users if f"<@{user}>" in content),
            self._state.clock.true_time(),
            embeds_dropped=bool(embeds and channel.denied & EMBED),
        )
        channel.messages[message.id] = message
        if nonce:
            channel.nonces[nonce] = message
        return message

    def _refusal(self, channel: Channel, body: dict[str, Any]) -> Reply | None:
        """Return why Discord does not take this content, if so."""
        if fault := form_fault(body):
            self.complaints.append(f"50035 {fault}: {str(body)[:200]}")
            return error(400, 50035, fault)
        words = self._state.banned_words.get(channel.guild_id or 0, set())
        if any(word in json.dumps(body, ensure_ascii=False) for word in words):
            return error(400, 200000, "Message was blocked by automatic moderation")
        return None

    def _edit(self, request: Request) -> Reply:
        found = self._message(request)
        if isinstance(found, Reply):
            return found
        channel, message = found
        if refusal := self._refusal(channel, request.body):
            return refusal
        if "content" in request.body:
            message.content = (request.body["content"] or "").strip()
        if "embeds" in request.body:
            message.embeds = [] if channel.denied & EMBED else _embeds(request.body)
        if "components" in request.body:
            message.components = request.body["components"] or []
        message.edited_at = self._state.clock.true_time()
        return _reply(message.payload())

    def _delete(self, request: Request) -> Reply:
        found = self._message(request)
        if isinstance(found, Reply):
            return found
        found[1].deleted = True
        return Reply(204, b"", None)

    def _get_message(self, request: Request) -> Reply:
        found = self._message(request)
        return found if isinstance(found, Reply) else _reply(found[1].payload())

    def _message(self, request: Request) -> tuple[Channel, Message] | Reply:
        channel = self._channel(request, 0)
        if isinstance(channel, Reply):
            return channel
        message = channel.messages.get(int(request.path.rsplit("/", 1)[1]))
        if message is None or message.deleted:
            return error(404, 10008, "Unknown Message")
        return channel, message

    def _history(self, request: Request) -> Reply:
        channel = self._channel(request, 0)
        if isinstance(channel, Reply):
            return channel
        limit = int(request.query.get("limit", "50"))
        messages = [m for m in channel.messages.values() if not m.deleted]
        if channel.denied & HISTORY:
            messages = []
        if "after" in request.query:
            after = int(request.query["after"])
            messages = [m for m in messages if m.id > after][:limit]
        elif "before" in request.query:
            messages = [m for m in messages if m.id < int(request.query["before"])]
        return _reply([m.payload() for m in reversed(messages[-limit:])])

    # Channels and interactions

    def _get_channel(self, request: Request) -> Reply:
        channel = self._channel(request, 0)
        return channel if isinstance(channel, Reply) else _reply(channel.payload())

    def _open_direct(self, request: Request) -> Reply:
        person = self._state.users.get(request.user_id or 0)
        if person is None or person.refuses_with == UNKNOWN_USER:
            return error(400, UNKNOWN_USER, "Unknown User")
        return _reply(self._state.channels[person.direct].payload())

    def _acknowledge(self, request: Request) -> Reply:
        interaction = self._state.interactions.get(request.path.split("/")[2])
        now = self._state.clock.true_time()
        if interaction is None or now - interaction.created_at > ANSWER_WITHIN:
            return error(404, 10062, "Unknown interaction")
        if interaction.acknowledged:
            return error(400, 40060, "Interaction has already been acknowledged.")
        interaction.acknowledged = True
        if content := (request.body.get("data") or {}).get("content"):
            interaction.answers.append(content)
        if request.query.get("with_response"):
            return _reply(_callback(interaction))
        return Reply(204, b"", None)

    def _answer(self, request: Request) -> Reply:
        interaction = self._state.interactions.get(request.path.split("/")[2])
        now = self._state.clock.true_time()
        if interaction is None or now - interaction.created_at > TOKEN_LIVES:
            return error(401, 50027, "Invalid Webhook Token")
        if not interaction.acknowledged:
            return error(404, 10015, "Unknown Webhook")
        if fault := form_fault(request.body):
            self.complaints.append(f"50035 {fault}: {str(request.body)[:200]}")
            return error(400, 50035, fault)
        if content := request.body.get("content"):
            interaction.answers.append(content)
        answer = Message(
            self._state.snowflake(), interaction.channel.id, content or "", [], [], None, (), now
        )
        return _reply(answer.payload())


def _callback(interaction: Interaction) -> dict[str, Any]:
    about = {
        "id": str(interaction.id),
        "type": interaction.kind,
        "response_message_id": str(interaction.id + 1),
        "response_message_loading": True,
        "response_message_ephemeral": True,
        "channel_id": str(interaction.channel.id),
        "guild_id": str(interaction.channel.guild_id),
        "application_id": str(APPLICATION_ID),
    }
    return {"interaction": about}


def _embeds(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "rich", **embed} for embed in body.get("embeds") or []]
