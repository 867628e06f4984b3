"""What an operator can do about a PostgreSQL server that refuses a connection.

Neither libpq nor psycopg gives a code for an error before the session has begun, only a text: that
of the C library, of libpq or of the server, which may be in another language than English.
"""

import re

_GENERAL = "Check DATABASE_URL, and that the server runs and lets this user connect."

_ADVICE = (
    (
        "password authentication failed|no password supplied",
        "Put the user's password into DATABASE_URL, with %40 for @, %2F for / and %25 for %; or set"
        " it anew with ALTER ROLE.",
    ),
    (
        "no pg_hba.conf entry|pg_hba.conf rejects|authentication failed",
        "Let pg_hba.conf of the server accept this user from this machine, with TLS if DATABASE_URL"
        " asks for it.",
    ),
    (
        'database ".*" does not exist',
        "Create the database as docs/cluster.md says, or correct its name in DATABASE_URL.",
    ),
    (
        'role ".*" does not exist',
        "Create the role as docs/cluster.md says, or correct its name in DATABASE_URL.",
    ),
    (
        "too many clients|too many connections|connection slots are reserved",
        "Raise max_connections, or the limit of the role or of the database, or end other programs"
        " that are connected.",
    ),
    ("permission denied for database", "Let the role connect: GRANT CONNECT ON DATABASE …"),
    (
        "hot standby",
        "Let DATABASE_URL lead to the server that takes changes; it may name several, host1,host2.",
    ),
    (
        "starting up|shutting down|not yet accepting connections|recovery",
        "Wait until the server has started; if it does not, see its log.",
    ),
    (
        "certificate|SSL|TLS",
        "Check sslmode and sslrootcert in DATABASE_URL, and the certificate of the server.",
    ),
    (
        "could not translate host name|resolve|Name or service not known",
        "Correct the host in DATABASE_URL, or the name server of this machine. The name of a"
        " container is known only while it runs.",
    ),
    (
        "Connection refused|timeout|timed out|No route|unreachable|No such file",
        "Check DATABASE_URL, that the server runs and listens on this address (listen_addresses,"
        " port), and that no firewall is between.",
    ),
)


def connection_advice(error: str) -> str:
    """Return what to do about an error that keeps a session from beginning, or ends it."""
    return next((advice for form, advice in _ADVICE if re.search(form, error)), _GENERAL)
