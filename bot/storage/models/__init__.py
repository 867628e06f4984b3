"""Everything the database stores, as frozen values: what other packages may know of the storage."""

from bot.storage.models.messages import (
    UNREACHABLE_RECIPIENT_CODES,
    Delivery,
    DeliveryPurpose,
    LiveCard,
    LiveCardTask,
    MessageFormat,
    MissingAccess,
    UndeliveredNotice,
    UndeliveredReason,
)
from bot.storage.models.servers import (
    MentionSetting,
    ServerSettings,
    ServerUsage,
    ShardGuilds,
)
from bot.storage.models.tasks import (
    DurationStats,
    EndedTask,
    EndReason,
    HistoryEntry,
    HistoryPage,
    HistoryScope,
    PollResult,
    PollTarget,
)
from bot.storage.models.watch_results import (
    WatchOutcome,
    WatchRefusal,
    WatchRefusalReason,
    WatchReport,
    WatchResult,
)
from bot.storage.models.watches import (
    Caller,
    Destination,
    PersonalData,
    UnwatchOutcome,
    Watch,
)

__all__ = [
    "UNREACHABLE_RECIPIENT_CODES",
    "Caller",
    "Delivery",
    "DeliveryPurpose",
    "Destination",
    "DurationStats",
    "EndReason",
    "EndedTask",
    "HistoryEntry",
    "HistoryPage",
    "HistoryScope",
    "LiveCard",
    "LiveCardTask",
    "MentionSetting",
    "MessageFormat",
    "MissingAccess",
    "PersonalData",
    "PollResult",
    "PollTarget",
    "ServerSettings",
    "ServerUsage",
    "ShardGuilds",
    "UndeliveredNotice",
    "UndeliveredReason",
    "UnwatchOutcome",
    "Watch",
    "WatchOutcome",
    "WatchRefusal",
    "WatchRefusalReason",
    "WatchReport",
    "WatchResult",
]
