"""Tests of the sandbox: its Discord, its relay and the demo page."""
