"""The lock of the leader of several processes on one PostgreSQL database."""

from tests.support.databases import PostgresDatabases

LEADER = """
    SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 1279607108 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = '{database}')
"""
"""The session that holds the leader's lock ("LEAD")."""


def cut_leader(databases: PostgresDatabases, database: str) -> None:
    """End the session of the leader at the server."""
    pid = LEADER.format(database=database)
    databases.server.run(f"SELECT pg_terminate_backend(pid) FROM ({pid}) AS leader")  # noqa: S608 # no value of anybody's
