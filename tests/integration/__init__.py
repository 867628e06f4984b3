"""Tests of the real parts together: SQLite files, HTTP and WebSocket on loopback."""
