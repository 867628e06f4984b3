"""The finished song as a file, which Discord plays: fetched with care, or not at all.

``uploads`` decides which notices get one, ``player`` makes it, ``fetching`` gets it from public
addresses only (``public_addresses``), ``audio`` knows what it is.
"""
