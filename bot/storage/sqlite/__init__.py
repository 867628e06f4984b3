"""SQLite: one file, one process, and nothing to install.

Read ``engine`` first, then ``file`` (how it is opened), ``migrations`` (the schema) and ``search``.
"""
