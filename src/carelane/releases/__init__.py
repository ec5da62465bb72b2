"""Releases: publish, approve, activate by scope, recall, roll back."""
