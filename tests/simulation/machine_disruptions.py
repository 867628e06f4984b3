"""What can go wrong in the bot's own machine."""

from random import Random

from tests.simulation.discord_disruptions import message_scopes
from tests.simulation.disruptions import HTML, ActiveDisruption, Disruption
from tests.simulation.faults import Effect, Fault, Pause, Reply


def clock_jumps(disruption: ActiveDisruption) -> None:
    """Set the wall clock wrong, and perhaps right again."""
    by = disruption.rng.choice([-7200.0, -3600.0, -90.0, 90.0, 3600.0, 86400.0 * 3])
    disruption.simulation.environment.clock.wall_error += by
    disruption.simulation.trace.note(f"the wall clock jumps by {by:.0f} s")
    if disruption.rng.random() < 0.5:

        def repair() -> None:
            if disruption.simulation.faults_stopped:  # it is right since then
                return
            disruption.simulation.environment.clock.wall_error -= by
            disruption.simulation.trace.note(f"the wall clock jumps back by {by:.0f} s")

        disruption.at_end(repair)


def disk_full(disruption: ActiveDisruption) -> None:
    """Let the disk be full."""
    disruption.simulation.disk.full = True

    def make_room() -> None:
        disruption.simulation.disk.full = False

    disruption.at_end(make_room, at_most=900)


def draw_pause(rng: Random) -> Pause:
    """Draw for how long a process does not run, and whether its whole machine sleeps."""
    return Pause(rng.choice([20.0, 100.0, 600.0, 3000.0]), suspended=rng.random() < 0.5)


def paused(disruption: ActiveDisruption) -> None:
    """Let the process not run for a while."""
    disruption.simulation.pause(draw_pause(disruption.rng))


def paused_before_repeat(disruption: ActiveDisruption) -> None:
    """Let Discord post a message and answer with an error, and the process then not run.

    discord.py waits for a second before it repeats the request.
    """
    rng, simulation = disruption.rng, disruption.simulation
    reply = Reply(rng.choice([500, 502, 504, 524]), HTML, "text/html")
    effect = Effect(applied=True, reply=reply, pause=draw_pause(rng))
    scope = rng.choice(message_scopes(disruption))
    disruption.add(
        simulation.discord_faults,
        Fault(f"pause after {scope.name}", scope.holds, effect, times=1),
    )


PAUSES: tuple[Disruption, ...] = (paused, paused_before_repeat)
"""What stops a process without ending it."""

MACHINE_DISRUPTIONS: tuple[Disruption, ...] = (clock_jumps, disk_full)
