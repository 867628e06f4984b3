"""Deterministic simulation: the whole bot on a virtual clock, with a simulated relay and Discord.

``python -m tests.simulation --seeds 20000`` plays one story per seed: people watch songs, the relay
makes them, and Discord, the relay, the disk, the clock and the process itself fail in every way the
two protocols allow. Then all faults stop, time runs on, and the oracle demands that everyone was
told the truth exactly once.

Only the outside is simulated: `discord_server`, `relay_server`, `network`, the `database`'s thread
and the event `loop` under a `clock` of its own. Inside runs the bot as ``bot.app`` assembles
it, with real cogs, discord.py and SQLite. One seed always plays the same story, to the byte.
"""
