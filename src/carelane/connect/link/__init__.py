"""A link in a message to a patient: one page with three buttons, whose press is an answer like a text's.

`codec` keeps and reads presses, `page` has the words, `door` is the ASGI application, `mapping` makes facts.
"""
