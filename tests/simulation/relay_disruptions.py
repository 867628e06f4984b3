"""What can go wrong at the relay, and on the way there."""

from functools import partial

from tests.simulation.disruptions import HTML, ActiveDisruption, Disruption, Scope
from tests.simulation.faults import Effect, Fault, Reply, Request
from tests.simulation.relay_server import answer, failure

LONGEST_OBLIVION = 1500.0
"""Seconds for which a relay may deny tasks that it knows, once in a simulation: when it does so for
half an hour, nobody can tell that from tasks which are gone."""


def _add(disruption: ActiveDisruption, name: str, effect: Effect) -> None:
    """Let all look-ups at a relay meet an effect, or those of one task."""
    simulation = disruption.simulation
    task = disruption.rng.choice(simulation.tasks)
    relay, host_of_task = simulation.relays.draw_failing(), simulation.relays.of(task).host
    everything = Scope(f"at {relay.name}", lambda request: request.host == relay.host)
    one = Scope(
        f"about {task.seed}",
        lambda request: request.host == host_of_task and task.id in request.task_ids,
    )
    scope = disruption.rng.choice([everything, everything, one])
    if simulation.relays.is_spared(task):
        scope = everything
    disruption.apply_effect(simulation.relay_faults, scope, name, effect)


def relay_trouble(disruption: ActiveDisruption) -> None:
    """Let the relay answer with an error of its servers."""
    status = disruption.rng.choice([500, 502, 503, 504, 520, 522, 524])
    reply = disruption.rng.choice(
        [Reply(status, HTML, "text/html"), failure(status, "", "upstream error")]
    )
    _add(disruption, f"relay HTTP {status}", Effect(reply=reply))


def relay_down(disruption: ActiveDisruption) -> None:
    """Let nobody answer at the relay."""
    effect = Effect(cut=True) if disruption.rng.random() < 0.7 else Effect(silent=True)
    _add(disruption, "relay down", effect)


def relay_slow(disruption: ActiveDisruption) -> None:
    """Let the relay answer late."""
    delay = disruption.rng.choice([3.0, 15.0, 28.0, 45.0])
    _add(disruption, f"relay {delay:.0f} s late", Effect(applied=True, delay=delay))


def relay_limited(disruption: ActiveDisruption) -> None:
    """Let the relay ask for fewer requests."""
    pause = disruption.rng.choice([(), (("Retry-After", "20"),), (("Retry-After", "400"),)])
    _add(disruption, "relay 429", Effect(reply=Reply(429, b"", None, pause)))


def relay_refuses(disruption: ActiveDisruption) -> None:
    """Let the relay refuse the key, or whatever it is asked."""
    reply = disruption.rng.choice(
        [
            failure(401, "invalid_api_key", "Invalid API key"),
            failure(403, "quota_not_enough", "user quota is not enough"),
            failure(403, "forbidden", "该令牌无权访问模型"),
            answer({"code": "fail_to_fetch_task", "message": "upstream error", "data": None}),
        ]
    )
    _add(disruption, "relay refuses", Effect(reply=reply))


def relay_garbled(disruption: ActiveDisruption) -> None:
    """Let the relay answer what cannot be read."""
    reply = disruption.rng.choice(
        [
            Reply(200, HTML, "text/html"),
            Reply(200, b'{"code": "success", "data": [{"task_id": "ta'),
            Reply(200, b""),
        ]
    )
    _add(disruption, "relay garbled", Effect(reply=reply))


def relay_knows_nothing(disruption: ActiveDisruption) -> None:
    """Leave out every task, as a relay does that was given another key."""
    relay = disruption.simulation.relays.draw_failing()
    if relay.was_oblivious:
        return
    relay.was_oblivious = True

    def denies(method: str, request: Request) -> bool:
        if (request.host, request.method) != (relay.host, method) or not relay.has_path(request):
            return False
        relay.deny(request.task_ids)
        return True

    nothing = answer({"code": "success", "message": "", "data": disruption.rng.choice([[], None])})
    batches = Fault("relay knows nothing", partial(denies, "POST"), Effect(reply=nothing))
    unknown = Effect(reply=failure(400, "task_not_exist", "task_not_exist"))
    singles = Fault("relay knows nothing", partial(denies, "GET"), unknown)
    for fault in (batches, singles):
        disruption.add(disruption.simulation.relay_faults, fault, at_most=LONGEST_OBLIVION)


def relay_stumbles(disruption: ActiveDisruption) -> None:
    """Let one id spoil every batch that it is in."""
    simulation = disruption.simulation
    task = disruption.rng.choice(simulation.tasks)
    reply = disruption.rng.choice(
        [failure(500, "", "internal error"), failure(400, "", "invalid id")]
    )
    if simulation.relays.is_spared(task):
        return
    host = simulation.relays.of(task).host

    def spoils(request: Request) -> bool:
        return request.host == host and task.id in request.task_ids

    fault = Fault(f"relay stumbles over {task.seed}", spoils, Effect(reply=reply))
    disruption.add(simulation.relay_faults, fault)


AT_RELAY: tuple[Disruption, ...] = (
    *(relay_trouble, relay_down, relay_slow, relay_limited, relay_refuses),
    *(relay_garbled, relay_stumbles, relay_knows_nothing),
)
