"""Measurements of Carelane on this machine: `make bench`. Compare within one run only; the machine is noisy."""
