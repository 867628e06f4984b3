"""Polls the relay for running tasks in the background, and stores what became of them.

``poller`` sends one look-up after the other, ``backoff`` delays them after failures, ``schedule``
says what follows from a response, ``recorder`` stores it. ``adaptive`` chooses when to poll where
more tasks run than the request budget allows.
"""
