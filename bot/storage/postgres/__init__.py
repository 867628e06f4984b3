"""PostgreSQL: one database for several processes, on one machine or on several.

Read ``engine`` first (sessions, transactions, lost connections), then ``connection`` and
``dialect`` (this program's statements as PostgreSQL understands them), ``migrations``, ``search``.
"""
