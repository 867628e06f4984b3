"""What an answer is made of: shapes, words, links, and what follows from them. All pure.

``answers`` is the way in. ``shapes`` takes any JSON, ``documented`` the common case quickly;
``contents`` finds clips or lyrics in it, ``outcomes`` says how the task ended; ``refusals`` reads
errors; ``links``, ``statuses`` and ``values`` judge single fields.
"""
