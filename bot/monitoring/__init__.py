"""What an operator's tools see: whether the bot lives, whether it is ready, and its figures."""
