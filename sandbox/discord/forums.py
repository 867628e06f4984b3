"""What a forum or media channel demands of its posts: tags, and when posts are archived."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sandbox.discord.errors import Payload, api_error, invalid

REQUIRE_TAG = 1 << 4
"""The flag of a channel whose posts need a tag."""


@dataclass(frozen=True, slots=True)
class ForumTag:
    """A tag that posts can have."""

    id: int
    name: str
    moderated: bool = False
    """Whether only members with Manage Threads can apply it."""

    def payload(self) -> Payload:
        """Return the tag object of Discord's API."""
        return {
            "id": str(self.id),
            "name": self.name,
            "moderated": self.moderated,
            "emoji_id": None,
            "emoji_name": None,
        }


@dataclass(slots=True)
class ForumSettings:
    """The settings of a forum or media channel."""

    tags: list[ForumTag] = field(default_factory=list)
    requires_tag: bool = False
    default_auto_archive_duration: int | None = None
    """Minutes; also of text channels."""

    @property
    def flags(self) -> int:
        """The flags of the channel."""
        return REQUIRE_TAG if self.requires_tag else 0

    def checked_tags(self, wanted: Iterable[str], *, moderator: bool) -> list[str]:
        """Return the tags of a new post, if it may have these.

        Raises ApiError for unknown tags (50035), for moderated tags without Manage Threads (50013),
        and for none where one is required: 40066 if there is none to choose, else 40067.
        """
        known = {str(tag.id): tag for tag in self.tags}
        chosen = list(wanted)
        for index, tag_id in enumerate(chosen):
            if tag_id not in known:
                raise invalid(("applied_tags", index), "INVALID_TAG", "Unknown tag")
            if known[tag_id].moderated and not moderator:
                raise api_error(50013)
        if self.requires_tag and not chosen:
            usable = any(moderator or not tag.moderated for tag in self.tags)
            raise api_error(40067 if usable else 40066)
        return chosen
