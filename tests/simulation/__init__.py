"""Deterministic simulation: the whole bot on a virtual clock, with a simulated relay and Discord.

``python -m tests.simulation --seeds 20000`` plays one simulation per seed: people watch songs,
relays make them, and Discord, the relays, the disk, the clock and the process itself fail in every
way the two protocols allow. Where there are several relays, servers and people connect, replace and
disconnect accounts meanwhile; relays have other songs with the same task ids. In half of the
simulations (``--creations 1``: in all) people create songs and lyrics, and some are forgotten. Then
all faults stop, time runs on, and the oracle demands that everyone was told the truth exactly once,
about the song of an account that they could use, that no key was told or used any more, that
nothing was charged which nobody asked for, and that nothing is kept of who was forgotten.

The scenario of a seed is drawn in `scenario`, `task_scenario`, `account_scenario`,
`creation_scenario` and the disruptions. It is judged in `oracle`, `account_oracle`,
`creation_oracle` and `erasure_oracle`, by what `expectations` and `bindings` say and the
`creation_log` recorded.

Only the outside is simulated: `discord_server`, `relay_server`, `network`, the `database`'s thread
and the event `loop` under a `clock` of its own. Inside runs the bot as ``bot.app`` assembles
it, with real cogs, discord.py and SQLite. One seed always plays the same simulation, to the byte.
"""
