"""The doors: every command of `carelane`. The command line is a contract; see docs/reference."""
