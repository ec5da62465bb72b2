"""Carelane: the workflow layer above the electronic health record. Start at ARCHITECTURE.md."""
