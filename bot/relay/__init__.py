"""The HTTP API of a Suno relay. Imports nothing else of ours.

``models`` holds the values, ``parsing`` reads them from bytes, ``client`` is what others call.
"""
