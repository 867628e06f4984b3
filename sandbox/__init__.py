"""A Discord, a relay and the demo page on loopback: for the demo and for end-to-end tests."""
