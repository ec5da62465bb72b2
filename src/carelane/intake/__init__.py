"""Receive, interpret, identify, quarantine, replay: from bytes to facts (hops 2 and 3)."""
