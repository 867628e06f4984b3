"""Tests: one file a module, journeys across them."""
