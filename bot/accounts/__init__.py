"""The relay accounts in use: which one a request may use, and the connection of each.

``connection`` is one account, ``factory`` makes it, ``registry`` opens and polls all of them,
``service`` connects and disconnects the accounts of servers and users, ``pauses`` keeps how long
relays have asked to wait.
"""
