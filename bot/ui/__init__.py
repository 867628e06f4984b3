"""Renders what people see in Discord: messages, cards, panels and components. Sends nothing.

Pure functions from stored values to texts, embeds and views, within Discord's limits.
"""
