"""The relay: its paths, its JSON, its errors. Imports nothing of ours.

``tasks`` are the values, ``answers`` makes them out of bytes, ``client`` asks for them.
"""
