"""Every SQL statement: one thread owns the write connection, reads have one of their own.

Read ``models`` (the stored values), ``database`` (the thread), then one module for each family of
tables: ``tasks``, ``outbox``, ``live_cards``, ``history``, ``server_settings``, ``erasure``.
"""
