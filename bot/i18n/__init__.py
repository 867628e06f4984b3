"""The texts that users read: a catalogue for each language, and the translator of commands.

``catalog`` looks texts up, ``translator`` returns the names and descriptions of commands in
each language to discord.py.
"""
