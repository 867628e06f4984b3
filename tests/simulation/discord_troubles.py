"""What can go wrong at Discord: its servers, the way there, its rules, and what people do there."""

from tests.simulation.discord_server import UNKNOWN_USER, error, rate_limited
from tests.simulation.discord_state import EMBED, HISTORY, SEND, VIEW
from tests.simulation.faults import Effect, Fault, Reply, Request
from tests.simulation.troubles import HTML, Occasion, Scope, Trouble

_MESSAGES, _MESSAGE, _DIRECTS = (
    "channels/ID/messages",
    "channels/ID/messages/ID",
    "users/ID/channels",
)


def _posts(occasion: Occasion) -> list[Scope]:
    """Return scopes of posted messages: all, or a channel's."""
    channel_id = occasion.dice.choice(list(occasion.story.state.channels))
    return [
        Scope("POST messages", lambda r: r.method == "POST" and r.route == _MESSAGES),
        Scope("POST in a channel", lambda r: r.method == "POST" and r.channel_id == channel_id),
    ]


def _scope(occasion: Occasion) -> Scope:
    """Return some of the requests: all, a channel's, or those of one kind."""
    dice = occasion.dice
    channel_id = dice.choice(list(occasion.story.state.channels))
    route = dice.choice([_MESSAGES, _MESSAGE, _DIRECTS])
    method = dice.choice(["POST", "POST", "GET", "PATCH"])
    scopes = [
        Scope("everywhere", lambda _: True),
        Scope("in a channel", lambda r: r.channel_id == channel_id),
        Scope(f"{method} {route}", lambda r: r.method == method and r.route == route),
        *_posts(occasion),
    ]
    return dice.choice(scopes)


def _add(occasion: Occasion, name: str, effect: Effect, scope: Scope | None = None) -> None:
    board = occasion.story.discord_faults
    occasion.strike(board, scope or _scope(occasion), name, effect)


def server_error(occasion: Occasion) -> None:
    """Let Discord answer with an error of its own servers, perhaps after doing as asked."""
    status = occasion.dice.choice([500, 502, 503, 504, 520, 522, 524])
    page = Reply(status, HTML, "text/html")
    reply = occasion.dice.choice([page, error(status, 0), error(status, 130000)])
    applied = occasion.dice.random() < 0.5
    name = f"HTTP {status}{' after' if applied else ''}"
    _add(occasion, name, Effect(applied=applied, reply=reply))


def cut(occasion: Occasion) -> None:
    """Let connections break, perhaps after Discord did as asked."""
    applied = occasion.dice.random() < 0.6
    effect = Effect(applied=applied, cut=True, delay=occasion.dice.choice([0, 0, 5, 70]))
    _add(occasion, f"cut{' after' if applied else ''}", effect)


def silent(occasion: Occasion) -> None:
    """Let no answer come."""
    effect = Effect(applied=occasion.dice.random() < 0.5, silent=True)
    _add(occasion, "no answer", effect)


def slow(occasion: Occasion) -> None:
    """Let answers come late."""
    delay = occasion.dice.choice([2.0, 10.0, 50.0, 65.0, 100.0, 250.0])
    _add(occasion, f"{delay:.0f} s late", Effect(applied=True, delay=delay))


def bucket_limit(occasion: Occasion) -> None:
    """Let one bucket be exhausted."""
    pause = occasion.dice.choice([0.5, 5.0, 40.0, 90.0, 300.0])
    _add(occasion, "429", Effect(reply=rate_limited(pause)))


def global_limit(occasion: Occasion) -> None:
    """Let the whole bot be limited."""
    pause = occasion.dice.choice([1.0, 20.0, 70.0, 300.0, 900.0])
    effect = Effect(reply=rate_limited(pause, everywhere=True))
    _add(occasion, f"global 429 of {pause:.0f} s", effect)


def banned_address(occasion: Occasion) -> None:
    """Let Cloudflare ban the address for a while."""
    headers = (("Retry-After", str(occasion.dice.choice([5, 600]))),)
    effect = Effect(reply=Reply(429, b"error code: 1015", "text/plain", headers))
    _add(occasion, "429 of Cloudflare", effect)


def proxy_page(occasion: Occasion) -> None:
    """Let a proxy refuse requests with a page of its own."""
    status = occasion.dice.choice([400, 403, 404, 405, 413])
    effect = Effect(reply=Reply(status, HTML, "text/html"))
    _add(occasion, f"HTTP {status} page", effect)


def refused_for_now(occasion: Occasion) -> None:
    """Let Discord refuse messages with one of its codes."""
    status, code = occasion.dice.choice(
        [
            *((403, 50013), (403, 160005), (400, 50083), (403, 40003), (400, 20028), (403, 20029)),
            *((400, 50035), (400, 50006), (413, 40005), (400, 200000), (400, 200001)),
            *((400, 240000), (403, 40001), (403, 40002), (503, 130000)),
        ]
    )
    effect = Effect(reply=error(status, code))
    _add(occasion, f"{status}/{code}", effect, occasion.dice.choice(_posts(occasion)))


def direct_too_fast(occasion: Occasion) -> None:
    """Let Discord find that direct messages are opened too fast."""

    def opens(request: Request) -> bool:
        return request.user_id is not None

    effect = Effect(reply=error(403, 40003))
    _add(occasion, "403/40003", effect, Scope("opening direct messages", opens))


def unauthorized(occasion: Occasion) -> None:
    """Let Discord refuse the token once or twice."""
    effect = Effect(reply=error(401, 0, "401: Unauthorized"))
    scope = _scope(occasion)
    times = occasion.dice.choice([1, 1, 2])
    fault = Fault(f"401 {scope.name}", scope.holds, effect, times=times)
    occasion.add(occasion.story.discord_faults, fault, at_most=30)


def lacks_permission(occasion: Occasion) -> None:
    """Take a permission from the bot in a channel, mostly for a while."""
    channel = occasion.dice.choice(occasion.story.channels)
    denied = occasion.dice.choice([SEND, SEND, EMBED, HISTORY, VIEW])
    told = occasion.dice.random() < 0.7

    def change(denial: int) -> None:
        channel.denied = denial
        channel.ever_denied |= denial
        if told and occasion.story.process and not channel.deleted:
            occasion.story.process.tell("CHANNEL_UPDATE", channel.payload())

    change(channel.denied | denied)
    if occasion.dice.random() < 0.9:
        occasion.later(lambda: change(channel.denied & ~denied))


def channel_deleted(occasion: Occasion) -> None:
    """Delete a channel."""
    channel = occasion.dice.choice(occasion.story.channels)
    if not channel.deleted:
        channel.deleted = True
        if occasion.story.process:
            occasion.story.process.tell("CHANNEL_DELETE", channel.payload())


def direct_closed(occasion: Occasion) -> None:
    """Let somebody close their direct messages, perhaps for good, or delete their account."""
    person = occasion.dice.choice(occasion.story.persons)
    person.refuses_with = occasion.dice.choice([50007, 50278, UNKNOWN_USER])
    if person.refuses_with != UNKNOWN_USER and occasion.dice.random() < 0.5:

        def reopen() -> None:
            person.refuses_with = None

        occasion.later(reopen)


def banned_word(occasion: Occasion) -> None:
    """Let a server's AutoMod ban a word, mostly for a while."""
    words = occasion.dice.choice(list(occasion.story.state.banned_words.values()))
    word = occasion.dice.choice(["Paper", "Zzyzx", "suno.ai"])
    words.add(word)
    if occasion.dice.random() < 0.7:
        occasion.later(lambda: words.discard(word))


def message_deleted(occasion: Occasion) -> None:
    """Delete the latest message of a channel."""
    channel = occasion.dice.choice(list(occasion.story.state.channels.values()))
    if channel.messages:
        next(reversed(channel.messages.values())).deleted = True


def gateway_lost(occasion: Occasion) -> None:
    """Let the gateway be away."""
    process = occasion.story.process
    if process is None or not process.connected:
        return
    process.connected = False

    def connect() -> None:
        if occasion.story.process is process:
            process.connect()

    occasion.later(connect)


AT_DISCORD: tuple[Trouble, ...] = (
    *(server_error, server_error, cut, cut, silent, slow, slow),
    *(bucket_limit, global_limit, banned_address, proxy_page, proxy_page),
    *(refused_for_now, refused_for_now, direct_too_fast, unauthorized),
    *(lacks_permission, lacks_permission, channel_deleted, direct_closed, banned_word),
    *(message_deleted, gateway_lost),
)
"""The likelier ones stand here twice."""
