"""What can go wrong in the bot's own machine."""

from tests.simulation.disruptions import ActiveDisruption, Disruption


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


MACHINE_DISRUPTIONS: tuple[Disruption, ...] = (clock_jumps, disk_full)
