"""The cogs: one for each kind of command, component and event of Discord that the bot handles."""
