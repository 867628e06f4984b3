"""Audio files that are attached to notices.

``attachment_policy`` decides which notices get one and creates it, ``audio_fetcher`` downloads it
from public addresses only, ``audio_format`` recognizes it by its content.
"""
