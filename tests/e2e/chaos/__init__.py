"""Chaos test: users act while the bot is killed and Discord and the relay fail; then an audit.

``python -m tests.e2e.chaos --rounds 200 --seed 1`` runs the bot as a process of its own between a
local Discord and four local relays: the operator's, those of two servers and a user's own, which
have different songs with the same task ids. It injects the faults that the seed plans, lets
accounts be connected, replaced and disconnected, and users create songs and lyrics, repeat and stop
them, and delete what is stored about them. Then it removes the faults, waits until no work is
pending, and compares the replies that users got with the notices that arrived. The exit code is 1
if a notice is lost, duplicated or wrong, or about the song of an account that a user could not use;
if an account or its key is not where it should be; or if a relay charged what nobody asked for, or
a quota does not count what it charged. The clocks of the bot, the relays and Discord are advanced
together.

Read ``plan`` with ``creation_plan`` (what a seed means), ``faults`` (how faults are injected),
``commands`` (how users watch), ``accounts`` (how accounts are changed), ``creations`` (what users
do about creations) with ``stored_creations``, ``creation_audit`` and ``quota_audit``, ``runner``
(how a round runs), then ``audit`` with its values in ``user_actions``, ``expected_results`` and
``messages``.
"""
