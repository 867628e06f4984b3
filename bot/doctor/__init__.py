"""``suno-bot doctor``: reports what works, what does not, and what to do about it.

It changes nothing and can run while a bot runs. Read in this order:

1. ``report``: the values, a ``CheckResult`` for each check and the ``Report`` of them all.
2. ``runner``: runs the checks of the four areas at the same time, each within a time limit.
3. The checks: ``settings_checks``, ``database_checks``, ``relay_checks``, and for Discord
   ``discord_checks``, ``command_checks`` and ``server_checks``, which read through ``discord_api``.
4. ``task_report`` and ``task_summary``: what the database knows of one task (``doctor why``).
5. ``printer`` and ``command``: the output and the exit codes.
"""
