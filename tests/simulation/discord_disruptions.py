"""What can go wrong at Discord: its servers, the way there, its rules, and what people do there."""

from dataclasses import replace

from tests.simulation.discord_server import UNKNOWN_USER, error, rate_limited
from tests.simulation.discord_state import EMBED, HISTORY, SEND, VIEW
from tests.simulation.disruptions import HTML, ActiveDisruption, Disruption, Scope
from tests.simulation.faults import Effect, Fault, Reply, Request

_MESSAGES, _MESSAGE, _DIRECTS, _POSTS = (
    "channels/ID/messages",
    "channels/ID/messages/ID",
    "users/ID/channels",
    "channels/ID/threads",
)


def message_scopes(disruption: ActiveDisruption) -> list[Scope]:
    """Return scopes of posted messages: all, or a channel's."""
    channel_id = disruption.rng.choice(list(disruption.simulation.state.channels))
    return [
        Scope("POST messages", lambda r: r.method == "POST" and r.route in (_MESSAGES, _POSTS)),
        Scope("POST in a channel", lambda r: r.method == "POST" and r.channel_id == channel_id),
    ]


def _scope(disruption: ActiveDisruption) -> Scope:
    """Return some of the requests: all, a channel's, or those of one kind."""
    rng = disruption.rng
    channel_id = rng.choice(list(disruption.simulation.state.channels))
    route = rng.choice([_MESSAGES, _MESSAGE, _DIRECTS])
    method = rng.choice(["POST", "POST", "GET", "PATCH"])
    scopes = [
        Scope("everywhere", lambda _: True),
        Scope("in a channel", lambda r: r.channel_id == channel_id),
        Scope(f"{method} {route}", lambda r: r.method == method and r.route == route),
        *message_scopes(disruption),
    ]
    return rng.choice(scopes)


def _add(
    disruption: ActiveDisruption, name: str, effect: Effect, scope: Scope | None = None
) -> None:
    board = disruption.simulation.discord_faults
    disruption.apply_effect(board, scope or _scope(disruption), name, effect)


def server_error(disruption: ActiveDisruption) -> None:
    """Let Discord answer with an error of its own servers, perhaps after doing as asked."""
    status = disruption.rng.choice([500, 502, 503, 504, 520, 522, 524])
    page = Reply(status, HTML, "text/html")
    reply = disruption.rng.choice([page, error(status, 0), error(status, 130000)])
    applied = disruption.rng.random() < 0.5
    name = f"HTTP {status}{' after' if applied else ''}"
    _add(disruption, name, Effect(applied=applied, reply=reply))


def begun_unheard(disruption: ActiveDisruption) -> None:
    """Let the bot not learn whether it has begun a post; Discord may take its time to do so."""
    rng = disruption.rng
    status = rng.choice([500, 502, 503, 504, 524])
    lost = rng.choice([Effect(cut=True), Effect(silent=True), Effect(reply=error(status, 0))])
    applied_after = rng.choice([0.0, rng.uniform(0, 100)])
    effect = replace(lost, applied=rng.random() < 0.7, applied_after=applied_after)
    scope = Scope("beginning a post", lambda r: r.method == "POST" and r.route == _POSTS)
    _add(disruption, "unheard", effect, scope)


def cut(disruption: ActiveDisruption) -> None:
    """Let connections break, perhaps after Discord did as asked."""
    applied = disruption.rng.random() < 0.6
    effect = Effect(applied=applied, cut=True, delay=disruption.rng.choice([0, 0, 5, 70]))
    _add(disruption, f"cut{' after' if applied else ''}", effect)


def silent(disruption: ActiveDisruption) -> None:
    """Let no answer come."""
    effect = Effect(applied=disruption.rng.random() < 0.5, silent=True)
    _add(disruption, "no answer", effect)


def slow(disruption: ActiveDisruption) -> None:
    """Let answers come late."""
    delay = disruption.rng.choice([2.0, 10.0, 50.0, 65.0, 100.0, 250.0])
    _add(disruption, f"{delay:.0f} s late", Effect(applied=True, delay=delay))


def bucket_limit(disruption: ActiveDisruption) -> None:
    """Let one bucket be exhausted."""
    pause = disruption.rng.choice([0.5, 5.0, 40.0, 90.0, 300.0])
    _add(disruption, "429", Effect(reply=rate_limited(pause)))


def global_limit(disruption: ActiveDisruption) -> None:
    """Let the whole bot be limited."""
    pause = disruption.rng.choice([1.0, 20.0, 70.0, 300.0, 900.0])
    effect = Effect(reply=rate_limited(pause, everywhere=True))
    _add(disruption, f"global 429 of {pause:.0f} s", effect)


def banned_address(disruption: ActiveDisruption) -> None:
    """Let Cloudflare ban the address for a while."""
    headers = (("Retry-After", str(disruption.rng.choice([5, 600]))),)
    effect = Effect(reply=Reply(429, b"error code: 1015", "text/plain", headers))
    _add(disruption, "429 of Cloudflare", effect)


def proxy_page(disruption: ActiveDisruption) -> None:
    """Let a proxy refuse requests with a page of its own."""
    status = disruption.rng.choice([400, 403, 404, 405, 413])
    effect = Effect(reply=Reply(status, HTML, "text/html"))
    _add(disruption, f"HTTP {status} page", effect)


def refused_for_now(disruption: ActiveDisruption) -> None:
    """Let Discord refuse messages with one of its codes."""
    status, code = disruption.rng.choice(
        [
            *((403, 50013), (403, 160005), (400, 50083), (403, 40003), (400, 20028), (403, 20029)),
            *((400, 50035), (400, 50006), (413, 40005), (400, 200000), (400, 200001)),
            *((400, 240000), (403, 40001), (403, 40002), (503, 130000)),
        ]
    )
    effect = Effect(reply=error(status, code))
    _add(disruption, f"{status}/{code}", effect, disruption.rng.choice(message_scopes(disruption)))


def direct_too_fast(disruption: ActiveDisruption) -> None:
    """Let Discord find that direct messages are opened too fast."""

    def opens(request: Request) -> bool:
        return request.user_id is not None

    effect = Effect(reply=error(403, 40003))
    _add(disruption, "403/40003", effect, Scope("opening direct messages", opens))


def unauthorized(disruption: ActiveDisruption) -> None:
    """Let Discord refuse the token once or twice."""
    effect = Effect(reply=error(401, 0, "401: Unauthorized"))
    scope = _scope(disruption)
    times = disruption.rng.choice([1, 1, 2])
    fault = Fault(f"401 {scope.name}", scope.holds, effect, times=times)
    disruption.add(disruption.simulation.discord_faults, fault, at_most=30)


def lacks_permission(disruption: ActiveDisruption) -> None:
    """Take a permission from the bot in a channel, mostly for a while."""
    channel = disruption.rng.choice(disruption.simulation.places)
    denied = disruption.rng.choice([SEND, SEND, EMBED, HISTORY, VIEW])
    told = disruption.rng.random() < 0.7

    def change(denial: int) -> None:
        channel.denied = denial
        channel.ever_denied |= denial
        if told and disruption.simulation.process and not channel.deleted:
            disruption.simulation.process.tell("CHANNEL_UPDATE", channel.payload())

    change(channel.denied | denied)
    if disruption.rng.random() < 0.9:
        disruption.at_end(lambda: change(channel.denied & ~denied))


def channel_deleted(disruption: ActiveDisruption) -> None:
    """Delete a channel or a forum."""
    channel = disruption.rng.choice(disruption.simulation.places)
    if not channel.deleted:
        channel.deleted = True
        if disruption.simulation.process:
            disruption.simulation.process.tell("CHANNEL_DELETE", channel.payload())


def direct_closed(disruption: ActiveDisruption) -> None:
    """Let somebody close their direct messages, perhaps for good, or delete their account."""
    person = disruption.rng.choice(disruption.simulation.members)
    person.refuses_with = disruption.rng.choice([50007, 50278, UNKNOWN_USER])
    if person.refuses_with != UNKNOWN_USER and disruption.rng.random() < 0.5:

        def reopen() -> None:
            person.refuses_with = None

        disruption.at_end(reopen)


def banned_word(disruption: ActiveDisruption) -> None:
    """Let a server's AutoMod ban a word, mostly for a while."""
    words = disruption.rng.choice(list(disruption.simulation.state.banned_words.values()))
    word = disruption.rng.choice(["Paper", "Zzyzx", "suno.ai"])
    words.add(word)
    if disruption.rng.random() < 0.7:
        disruption.at_end(lambda: words.discard(word))


def message_deleted(disruption: ActiveDisruption) -> None:
    """Delete the latest message of a channel."""
    channel = disruption.rng.choice(list(disruption.simulation.state.channels.values()))
    if channel.messages:
        next(reversed(channel.messages.values())).deleted = True


def posts_archived(disruption: ActiveDisruption) -> None:
    """Archive the posts of a forum."""
    state, rng = disruption.simulation.state, disruption.rng
    for post in state.posts_of(rng.choice(disruption.simulation.forums)):
        post.archived_at = state.clock.true_time()


def gateway_lost(disruption: ActiveDisruption) -> None:
    """Let the gateway be away."""
    process = disruption.simulation.process
    if process is None or not process.connected:
        return
    process.connected = False

    def connect() -> None:
        if disruption.simulation.process is process:
            process.connect()

    disruption.at_end(connect)


AT_DISCORD: tuple[Disruption, ...] = (
    *(server_error, server_error, cut, cut, silent, slow, slow),
    *(bucket_limit, global_limit, banned_address, proxy_page, proxy_page),
    *(refused_for_now, refused_for_now, direct_too_fast, unauthorized),
    *(lacks_permission, lacks_permission, channel_deleted, direct_closed, banned_word),
    *(message_deleted, gateway_lost),
)
"""The likelier ones stand here twice."""

IN_FORUMS: tuple[Disruption, ...] = (
    *(begun_unheard, begun_unheard, begun_unheard, posts_archived, lacks_permission),
)
"""What goes wrong besides in a simulation with a forum."""
