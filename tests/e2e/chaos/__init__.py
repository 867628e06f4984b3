"""Chaos test: users act while the bot is killed and Discord and the relay fail; then an audit.

``python -m tests.e2e.chaos --rounds 200 --seed 1`` runs the bot as a process of its own between a
local Discord and a local relay, injects the faults that the seed plans, removes them, waits until
no work is pending, and compares the replies that users got with the notices that arrived. The exit
code is 1 if a notice is lost, duplicated or wrong. The clocks of the bot, the relay and Discord are
advanced together.

Read ``plan`` (what a seed means), ``faults`` (how faults are injected), ``runner`` (how a round
runs), then ``audit`` with its values in ``user_actions``, ``expected_results`` and ``messages``.
"""
