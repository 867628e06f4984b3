"""A Discord and a relay on loopback: for the demo, and for end-to-end tests."""
