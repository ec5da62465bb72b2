"""Text messages by the HTTP interface of an SMS gateway. Blind: an answer that was lost can't be looked up.

`dialect` says whose interface it is (`twilio.py`, `vonage.py`); both pass one conformance suite, so that another
gateway is another setting. Receipts and replies come back through `door.py`.
"""
