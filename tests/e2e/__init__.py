"""Tests of the bot as a process: starts, stops, kills, upgrades."""
