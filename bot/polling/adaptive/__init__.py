"""Chooses when to look up each task while more tasks run than the request budget can cover.

It becomes active when more tasks run than fit into budget × interval. Then it looks most often at
the ages at which tasks of that kind tend to end: the ends are seen sooner, with the same requests.
"""
