"""What triggers the bot: someone types a command, presses a button, the clock ticks."""
