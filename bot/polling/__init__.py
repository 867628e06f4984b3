"""Looks up running tasks at the relay in the background and stores what became of them.

``poller`` runs one look-up after the other, ``schedule`` says which tasks are due when,
``adaptive`` chooses when to look where there are more tasks than the request budget allows.
"""
