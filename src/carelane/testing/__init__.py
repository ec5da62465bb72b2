"""The shipped kit: a synthetic hospital that speaks only over sockets, and suites that adapters must pass."""
