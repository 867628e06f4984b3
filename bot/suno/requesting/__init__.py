"""How a relay is asked: together, in turn, on the path that works, and not while it is in trouble.

``client`` is the way in, and says in which order these stand behind each other.
"""
