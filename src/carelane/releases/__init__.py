"""Publish, approve, activate by scope, recall and roll back releases of pathways."""
