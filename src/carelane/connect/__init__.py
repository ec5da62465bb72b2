"""Adapters: one folder per wire format, each with a codec (pure), a mapping (pure) and a transport.

Adapters do not know each other; `intake` reads by them, `effects` sends by them, `compose` joins
them.
"""
