"""Chaos test of several processes: users act while processes and PostgreSQL fail.

``python -m tests.e2e.cluster_chaos --rounds 200 --seed 1`` runs three bot processes on one
PostgreSQL database, each of which serves one of three shards. Users watch tasks, and create songs
and lyrics: in servers with the operator's account, and in direct messages with their own. Processes
are killed, paused and restarted one after the other, sessions are ended, the server is restarted
without a checkpoint, and requests to Discord and the relays fail. Then the faults end, and once no
work is pending, the audits of ``chaos`` compare the replies that users got with the notices that
arrived. The exit code is 1 if a notice is lost, duplicated or wrong, if a relay charged what nobody
asked for, or if a quota is exceeded. It also measures how long nobody leads after each fault. All
clocks are real.

Read ``plan`` (what a seed means), ``environment`` (the processes), ``leader`` (which of them
leads), ``process_faults`` (what is done to them), then ``runner``.
"""
