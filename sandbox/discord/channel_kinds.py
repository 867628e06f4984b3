"""The kinds of channel, by what can be done in them."""

TEXT, DIRECT, VOICE, GROUP, CATEGORY, ANNOUNCEMENT = range(6)
ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD, STAGE = 10, 11, 12, 13
FORUM, MEDIA = 15, 16

THREADS = frozenset({ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD})
SPOKEN = frozenset({VOICE, STAGE})
"""Whose text chat only those see who may connect."""
OF_POSTS = frozenset({FORUM, MEDIA})
"""Hold nothing but threads, each of which begins with a message."""
WITHOUT_MESSAGES = frozenset({CATEGORY, *OF_POSTS})
WITH_THREADS = frozenset({TEXT, ANNOUNCEMENT, *OF_POSTS})
