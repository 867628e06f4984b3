"""Renders what users see in Discord: messages, cards, panels and components.

Pure functions from stored values to texts, embeds and views, within Discord's limits. Nothing is
sent, except responses to interactions (``replies``, ``error_replies``).
"""
