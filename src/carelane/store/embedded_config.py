"""The embedded server's configuration files, as text; `embedded.py` writes them at each start.

The log is terse on purpose: PostgreSQL writes values into the text, the detail and the statement of
errors, and so patient data into its log (TRUST.md section 3). Errors reach our processes as SQLSTATEs.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

_SHARE = 16  # of the machine's memory: the server shares it with everything else
_LEAST_MB, _MOST_MB = 128, 1024


def buffers_mb(memory_mb: int) -> int:
    """The server's own cache on a machine with so much memory."""
    return min(_MOST_MB, max(_LEAST_MB, memory_mb // _SHARE))


def _buffers_here_mb() -> int:
    return buffers_mb(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedSettings:
    """How the embedded server is sized and reached.

    `port` opens a loopback TCP port for an outside psql, None keeps to the private socket.
    `wheel` overrides where the binaries are looked for. Sizes are in megabytes; `shared_buffers_mb` follows the
    machine's memory.
    """

    port: int | None = None
    shared_buffers_mb: int = field(default_factory=_buffers_here_mb)
    max_wal_mb: int = 4096
    max_connections: int = 100
    wheel: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where the server finds its folders and files."""

    data: Path
    socket: Path
    access: Path
    names: Path


def server_configuration(settings: EmbeddedSettings, files: Files) -> str:
    """`postgresql.conf`: durability, privacy of the log, and sizes for two cores."""
    values: dict[str, str | int] = {
        "hba_file": _quoted(files.access),
        "ident_file": _quoted(files.names),
        "unix_socket_directories": _quoted(files.socket),
        "unix_socket_permissions": "0700",
        "listen_addresses": "'127.0.0.1'" if settings.port else "''",
        "port": settings.port or 5432,
        "max_connections": settings.max_connections,
        "password_encryption": "scram-sha-256",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "lc_messages": "'C'",
        # Durability: an ACK means a commit that is on disk (I1).
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "commit_delay": 0,
        # Sizes, tried on two cores.
        "shared_buffers": f"{settings.shared_buffers_mb}MB",
        "wal_buffers": "16MB",
        "min_wal_size": "80MB",
        "max_wal_size": f"{settings.max_wal_mb}MB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        "effective_io_concurrency": 16,
        "random_page_cost": "1.1",
        "jit": "off",
        # The inbox is a queue, and its dead rows must go quickly. What a message needs is found by index whatever the
        # statistics say, so that they may be old, and of a fifth of the usual sample: to look anew at each tenth more
        # took a tenth of a backlog's time. Nor is a table that only grows walked at each half more while it is small.
        "default_statistics_target": 20,
        "autovacuum_naptime": "10s",
        "autovacuum_vacuum_cost_delay": 0,
        "autovacuum_analyze_scale_factor": "0.5",
        "autovacuum_vacuum_insert_scale_factor": "0.5",
        "autovacuum_vacuum_insert_threshold": 100_000,
        # No patient data in the log (I13): no errors of statements, no statements, no parameters.
        "log_destination": "stderr",
        "log_line_prefix": "'%m [%p] '",
        "log_min_messages": "log",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_parameter_max_length": 0,
        "log_parameter_max_length_on_error": 0,
        "log_statement": "none",
        "log_duration": "off",
        "log_min_duration_statement": -1,
        "log_min_duration_sample": -1,
        "log_autovacuum_min_duration": -1,
        "log_checkpoints": "off",
        "log_lock_waits": "off",
        "debug_print_parse": "off",
        "debug_print_plan": "off",
        # Statement texts could hold literals; nobody needs them outside their own session.
        "track_activity_query_size": 256,
    }
    return "".join(f"{name} = {value}\n" for name, value in values.items())


def access_rules(settings: EmbeddedSettings, superuser: str) -> str:
    """`pg_hba.conf`: the superuser by peer on the socket only, all others by scram."""
    rules = [f"local all {superuser} peer map=carelane", "local all all scram-sha-256"]
    if settings.port:
        rules += [f"host all {superuser} all reject", "host all all 127.0.0.1/32 scram-sha-256"]
    return "\n".join(rules) + "\n"


def name_map(operating_system_users: tuple[str, ...], superuser: str) -> str:
    """`pg_ident.conf`: which operating-system users may be the superuser."""
    return "".join(
        f'carelane "{name}" {superuser}\n' for name in dict.fromkeys(operating_system_users)
    )


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
