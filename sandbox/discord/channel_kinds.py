"""The types of channel, and groups of them."""

TEXT, DIRECT, VOICE, GROUP, CATEGORY, ANNOUNCEMENT = range(6)
ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD, STAGE = 10, 11, 12, 13
FORUM, MEDIA = 15, 16

THREADS = frozenset({ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD})
VOICE_CHANNELS = frozenset({VOICE, STAGE})
"""Whose text chat only those see who may connect."""
FORUMS = frozenset({FORUM, MEDIA})
"""Hold nothing but threads, each of which begins with a message."""
NO_MESSAGE_CHANNELS = frozenset({CATEGORY, *FORUMS})
THREAD_PARENTS = frozenset({TEXT, ANNOUNCEMENT, *FORUMS})
