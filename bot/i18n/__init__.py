"""The texts people read: one catalogue for each language, and the translator of commands.

``catalog`` looks texts up, ``translator`` gives discord.py the names and descriptions of commands
in each language.
"""
