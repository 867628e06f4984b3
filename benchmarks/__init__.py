"""How fast the bot is where it matters, as figures that can be taken again."""
