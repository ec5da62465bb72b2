"""A link in a message to a patient: a page with three buttons, whose press is an answer like a text's, or one to read.

`codec` keeps and reads presses, `page` has the words, `door` is the ASGI application, `mapping` makes facts. How far a
case is shows `status_door`, with `status_page` and `status_words`; `wire` is what both doors share.
"""
