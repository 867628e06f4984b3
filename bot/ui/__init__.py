"""What people see in Discord: messages, cards, panels and their components. Nothing is sent here.

Pure functions from stored values to texts, embeds and views, within Discord's limits.
"""
