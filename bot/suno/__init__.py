"""The relay: its paths, its JSON, its errors. Imports nothing of ours."""
