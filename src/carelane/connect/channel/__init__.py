"""Requests, messages and readings as JSON over HTTP: web form, chat, call centre, device and portal.

Whatever the channel, the same facts come of it: `request.received`, `message.received`, `reading.received`. The schema
of each channel is in `schema.py`, and is answered by the door itself.
"""
