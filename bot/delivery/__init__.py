"""Posts what is due: claims deliveries, sends them to Discord, settles what is unconfirmed.

Read ``dispatcher`` first, then ``error_policy`` (what follows from an error of Discord) and
``duplicate_check`` (whether an unconfirmed message was posted).
"""
