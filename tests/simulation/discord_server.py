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
    texts_in,
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
            "GET users/ID": self._get_user,
            "GET guilds/ID": self._get_guild,
            "POST users/ID/channels": self._open_direct,
            "POST channels/ID/messages": self._post,
            "POST channels/ID/threads": self._begin_post,
            "GET channels/ID/threads/archived/public": self._archived_posts,
            "GET guilds/ID/threads/active": self._active_posts,
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
        if channel is None or channel.ruling.deleted:
            return error(404, 10003, "Unknown Channel")
        if channel.ruling.denied & VIEW or self._state.has_left(channel):
            return error(403, 50001, "Missing Access")
        if channel.ruling.denied & needed:
            return error(403, 50013, "Missing Permissions")
        return channel

    def _post(self, request: Request) -> Reply:
        channel = self._channel(request, SEND)
        if isinstance(channel, Reply):
            return channel
        if channel.forum:
            return error(400, 50008, "Cannot send messages in a non-text channel")
        if channel.person is not None and channel.person.refuses_with:
            return error(403, channel.person.refuses_with)
        body = request.body
        if limit := self._bucket_limit(channel):
            return limit
        if refusal := self._refusal(channel, body):
            return refusal
        nonce = str(body["nonce"]) if "nonce" in body else None
        if body.get("enforce_nonce") and (known := self._known(channel, nonce)):
            return error(404, 10008) if known.deleted else _reply(known.payload())
        message = self._written(channel, body, nonce)
        return _reply(message.payload(), headers=self._count_post(channel, "posts"))

    def _bucket_limit(self, channel: Channel) -> Reply | None:
        """Return the refusal of a channel that has taken as many messages as it may."""
        now = self._state.clock.now
        channel.posts = [at for at in channel.posts if now - at < POSTS_PER]
        if len(channel.posts) < POSTS:
            return None
        return rate_limited(round(channel.posts[0] + POSTS_PER - now + 0.001, 3))

    def _count_post(self, channel: Channel, bucket: str) -> tuple[tuple[str, str], ...]:
        """Count a message against its limit; return the headers that say so."""
        now = self._state.clock.now
        channel.posts.append(now)
        left, reset = POSTS - len(channel.posts), channel.posts[0] + POSTS_PER - now
        return (
            ("X-RateLimit-Bucket", bucket),
            ("X-RateLimit-Limit", str(POSTS)),
            ("X-RateLimit-Remaining", str(left)),
            ("X-RateLimit-Reset-After", f"{reset:.3f}"),
        )

    def _begin_post(self, request: Request) -> Reply:
        """Begin a post of a forum; it has the id of its first message, and no nonce."""
        forum = self._channel(request, SEND)
        if isinstance(forum, Reply):
            return forum
        body, name = request.body["message"], request.body["name"].strip()
        if not forum.forum or not 1 <= len(name) <= 100:
            self.complaints.append(f"a post named {name!r} in {forum.name}")
            return error(400, 50035)
        if limit := self._bucket_limit(forum):
            return limit
        if refusal := self._refusal(forum, body | {"name": name}):
            return refusal
        post = Channel(self._state.snowflake(), forum.guild_id, name, parent=forum)
        message = self._written(post, body, None, message_id=post.id)
        message.begun_by = request
        self._state.channels[post.id] = post
        begun = post.payload() | {"message": message.payload()}
        return _reply(begun, headers=self._count_post(forum, "threads"))

    def _get_guild(self, request: Request) -> Reply:
        guild_id = int(request.path.split("/")[1])
        if guild_id not in self._state.guilds:
            return error(404, 10004, "Unknown Guild")
        return _reply(self._state.guild_payload(guild_id))

    def _active_posts(self, request: Request) -> Reply:
        guild_id = int(request.path.split("/")[1])
        forums = [c for c in self._state.channels.values() if c.forum and c.guild_id == guild_id]
        posts = [
            post
            for forum in forums
            if not (forum.deleted or forum.denied & VIEW)
            for post in self._state.posts_of(forum)
        ]
        return _threads(posts)

    def _archived_posts(self, request: Request) -> Reply:
        forum = self._channel(request, HISTORY)
        if isinstance(forum, Reply):
            return forum
        return _threads(self._state.posts_of(forum, archived=True))

    def _known(self, channel: Channel, nonce: str | None) -> Message | None:
        known = channel.nonces.get(nonce or "")
        young = known and self._state.clock.true_time() - known.created_at < self._nonce_window
        return known if young else None

    def _written(
        self,
        channel: Channel,
        body: dict[str, Any],
        nonce: str | None,
        message_id: int | None = None,
    ) -> Message:
        content = (body.get("content") or "").strip()
        allowed = body.get("allowed_mentions") or {}
        users = [int(user) for user in allowed.get("users", ())]
        embeds = _embeds(body)
        message = Message(
            message_id or self._state.snowflake(),
            channel.id,
            content,
            [] if channel.ruling.denied & EMBED else embeds,
            body.get("components") or [],
            nonce,
            tuple(user for user in users if f"<@{user}>" in content),
            self._state.clock.true_time(),
            embeds_dropped=bool(embeds and channel.ruling.denied & EMBED),
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
            message.embeds = [] if channel.ruling.denied & EMBED else _embeds(request.body)
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
        found = self._message(request, HISTORY)
        return found if isinstance(found, Reply) else _reply(found[1].payload())

    def _message(self, request: Request, needed: int = 0) -> tuple[Channel, Message] | Reply:
        channel = self._channel(request, needed)
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

    def _get_user(self, request: Request) -> Reply:
        user_id = request.path.removeprefix("users/")
        if user_id == "@me":
            return _reply(BOT_USER)
        person = self._state.users.get(int(user_id))
        return _reply(person.payload()) if person else error(404, UNKNOWN_USER, "Unknown User")

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
        self._show(interaction, request.body.get("data") or {})
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
        self._show(interaction, request.body)
        content = request.body.get("content") or ""
        answer = Message(
            self._state.snowflake(), interaction.channel.id, content, [], [], None, (), now
        )
        return _reply(answer.payload())

    def _show(self, interaction: Interaction, body: dict[str, Any]) -> None:
        """Note what a person is shown."""
        if content := body.get("content"):
            interaction.answers.append(content)
        interaction.seen.append((self._state.clock.true_time(), texts_in(body)))


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


def _threads(posts: list[Channel]) -> Reply:
    listed = [post.payload() for post in posts]
    return _reply({"threads": listed, "members": [], "has_more": False})


def _embeds(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "rich", **embed} for embed in body.get("embeds") or []]
