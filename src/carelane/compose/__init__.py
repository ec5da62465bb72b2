"""The one place of wiring: settings to databases, keys, releases, adapters and loops. Only `cli` imports it."""
