"""Checks a PostgreSQL server: whether the bot can use it, and which processes are connected."""

from collections import Counter
from collections.abc import Iterator, Sequence

from bot.doctor.formatting import format_count
from bot.doctor.report import Area, CheckResult, Reporter
from bot.doctor.thresholds import Thresholds
from bot.storage.database_errors import DatabaseUnusable
from bot.storage.database_facts import SchemaFacts, ServerFacts

_reporter = Reporter(Area.DATABASE)

_MAX_LISTED = 5
"""Tables and shards that are listed."""


def describe_unreadable_server(error: DatabaseUnusable) -> CheckResult:
    """Return why a database at a server cannot be read."""
    return _reporter.problem("server", text=str(error), advice=error.advice)


def check_server(
    server: ServerFacts, schema: SchemaFacts | None, thresholds: Thresholds
) -> Iterator[CheckResult]:
    """Yield whether the server and what this user may do there suffice, and who is connected."""
    yield _check_version(server)
    yield from _check_privileges(server, schema)
    yield _check_connections(server, thresholds)
    yield from _check_leader(server)
    yield from _check_shards(server.processes)


def _check_version(server: ServerFacts) -> CheckResult:
    if server.version < server.min_version:
        text = f"PostgreSQL {server.version} is older than {server.min_version}"
        advice = f"Upgrade the server to PostgreSQL {server.min_version} or newer."
        return _reporter.problem("server", text=text, advice=advice)
    if server.encoding != "UTF8":
        text = f"The database has the encoding {server.encoding}, which cannot hold every title"
        advice = "Create it anew with ENCODING 'UTF8', as docs/cluster.md says."
        return _reporter.problem("server", text=text, advice=advice)
    return _reporter.ok("server", text=f"The server is PostgreSQL {server.version}")


def _check_privileges(server: ServerFacts, schema: SchemaFacts | None) -> Iterator[CheckResult]:
    if server.unwritable:
        tables = ", ".join(server.unwritable[:_MAX_LISTED])
        more = ", …" if len(server.unwritable) > _MAX_LISTED else ""
        text = f"This user may not read and write the tables {tables}{more}"
        advice = "Use the role that owns them in DATABASE_URL, or change their owner."
        yield _reporter.problem("privileges", text=text, advice=advice)
    elif schema is None or not schema.pending or schema.foreign:
        return
    elif not server.may_create_tables:
        text = "This user may not create tables, which the next start needs"
        advice = "Make the role the owner of the database, as docs/cluster.md says."
        yield _reporter.problem("privileges", text=text, advice=advice)
    elif server.lacks_trigrams:
        text = "The extension pg_trgm, which the search needs, is missing, and cannot be created"
        advice = (
            "Run CREATE EXTENSION pg_trgm in this database as its owner or as a superuser; if the"
            " server does not have it, install its package of extensions (postgresql-contrib)."
        )
        yield _reporter.problem("privileges", text=text, advice=advice)


def _check_connections(server: ServerFacts, thresholds: Thresholds) -> CheckResult:
    left = max(server.connections_left, 0)
    text = f"{left} of {format_count(server.connection_limit, 'connection')} left"
    if left < thresholds.low_connections:
        advice = (
            "Raise max_connections, or the limit of the role or of the database: one more process"
            " could not connect."
        )
        return _reporter.warning("connections", text=text, advice=advice)
    return _reporter.ok("connections", text=text)


def _check_leader(server: ServerFacts) -> Iterator[CheckResult]:
    """Report who leads, if a bot runs at all."""
    processes = format_count(len(server.processes), "process", "processes")
    if not server.processes:
        return
    if not server.has_leader:
        text = f"{processes} of the bot connected, and none leads: nothing is polled or sent"
        advice = "Run the doctor again; if still none leads, see their logs and restart them."
        yield _reporter.problem("leader", text=text, advice=advice)
        return
    place = f"at {server.leader_address}" if server.leader_address else "on the server's machine"
    shards = f"with SHARDS={server.leader_shards} " if server.leader_shards else ""
    yield _reporter.ok("leader", text=f"{processes} connected; the one {shards}{place} leads")


def _check_shards(processes: Sequence[str]) -> Iterator[CheckResult]:
    """Report shards that several processes serve, or none. A process of all shards is alone."""
    if not any(processes) and len(processes) <= 1:
        return
    if "" in processes:
        text = (
            f"Of {len(processes)} processes, {processes.count('')} without SHARDS serve all shards"
        )
        yield _reporter.problem("shards", text=text, advice=_SHARDS_ADVICE)
        return
    counts = sorted({int(each.partition("/")[2]) for each in processes})
    if len(counts) > 1:
        text = f"The processes disagree how many shards there are: {', '.join(map(str, counts))}"
        yield _reporter.problem("shards", text=text, advice=_SHARDS_ADVICE)
        return
    served = Counter(shard for each in processes for shard in _shards(each))
    several = [shard for shard in sorted(served) if served[shard] > 1]
    missing = [shard for shard in range(*counts) if shard not in served]
    if several:
        text = f"Served by more than one process: {_listed(several)}"
        yield _reporter.problem("shards", text=text, advice=_SHARDS_ADVICE)
    if missing:
        text = f"Served by no process: {_listed(missing)}. Commands there get no answer"
        yield _reporter.problem(
            "shards", text=text, advice=f"Start the process that is missing. {_SHARDS_ADVICE}"
        )


_SHARDS_ADVICE = "Give each shard to exactly one process, with the same count in every SHARDS."


def _shards(setting: str) -> range:
    """Return the shards of a setting such as ``0-3/16`` or ``5/16``."""
    first, _, last = setting.partition("/")[0].partition("-")
    return range(int(first), int(last or first) + 1)


def _listed(shards: Sequence[int]) -> str:
    more = ", …" if len(shards) > _MAX_LISTED else ""
    return f"shard {', '.join(map(str, shards[:_MAX_LISTED]))}{more}"
