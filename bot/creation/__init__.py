"""Creating songs and lyrics: at most one request to a relay for each that a person makes.

``offers`` decides who may create what and with which account, ``service`` checks and stores
requests, ``submitter`` sends them, ``recorder`` stores what became of them, ``clip_actions`` gets
further files of a finished version.
"""
