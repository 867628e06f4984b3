"""What triggers the bot: commands, components and events of Discord, one cog for each trigger."""
