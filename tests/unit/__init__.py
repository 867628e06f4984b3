"""Tests of single modules: no network, no process, no clock but one that is handed in."""
