"""The one place of wiring: hands adapters their callbacks and the engine what it runs."""
