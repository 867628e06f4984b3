"""What can go wrong in the bot's own machine."""

from tests.simulation.troubles import Occasion, Trouble


def clock_jumps(occasion: Occasion) -> None:
    """Set the wall clock wrong, and perhaps right again."""
    by = occasion.dice.choice([-7200.0, -3600.0, -90.0, 90.0, 3600.0, 86400.0 * 3])
    occasion.story.world.clock.wall_error += by
    occasion.story.trace.note(f"the wall clock jumps by {by:.0f} s")
    if occasion.dice.random() < 0.5:

        def mend() -> None:
            if occasion.story.healed:  # it is right since then
                return
            occasion.story.world.clock.wall_error -= by
            occasion.story.trace.note(f"the wall clock jumps back by {by:.0f} s")

        occasion.later(mend)


def disk_full(occasion: Occasion) -> None:
    """Let the disk be full."""
    occasion.story.disk.full = True

    def make_room() -> None:
        occasion.story.disk.full = False

    occasion.later(make_room, at_most=900)


IN_THE_MACHINE: tuple[Trouble, ...] = (clock_jumps, disk_full)
