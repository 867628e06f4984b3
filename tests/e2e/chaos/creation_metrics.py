"""What became of the requests to create in a chaos test, in numbers."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from bot.i18n.catalog import catalog_for
from bot.storage.models import CreationQuotas, CreationState
from sandbox.discord import Interaction
from sandbox.relay import RecordedSubmission
from tests.e2e.chaos.creation_audit import Intent, StoredCreation, beginnings, mark_in

_CATALOG, _TIME = catalog_for("en-US"), "\N{BULLET}"
_MAKING = beginnings("create-making")


@dataclass(frozen=True, slots=True)
class Created:
    """A command or a button with which a user asks for a wish."""

    mark: str
    interaction: Interaction
    is_repeat: bool = False

    @property
    def intent(self) -> Intent:
        """What was asked for, and whether it was accepted."""
        messages = self.interaction.messages
        is_accepted = any(message.content.startswith(_MAKING) for message in messages)
        return Intent(self.mark, self.interaction.user.id, is_accepted)

    def __str__(self) -> str:
        what = "repeat" if self.is_repeat else "create"
        return (
            f"{what} {self.mark} by {self.interaction.user.id}: {reply_of(self.interaction)[:70]}"
        )


def creation_metrics(
    created: Sequence[Created],
    rows: Sequence[StoredCreation],
    submissions: Sequence[RecordedSubmission],
    quotas: Collection[CreationQuotas],
) -> dict[str, int]:
    """Return how much was asked for, what is stored of it, and what relays charged and refused."""
    states = [row.state for row in rows]
    sent = {mark_in(each.body) for each in submissions}
    limits = _quota_texts(quotas)
    return {
        "creations": len(created),
        "repeated creations": sum(each.is_repeat for each in created),
        "confirmed creations": sum(each.intent.is_accepted for each in created),
        "creations over a quota": sum(says(each.interaction, limits) for each in created),
        **{f"{state} creations": states.count(state) for state in sorted(set(states))},
        "unconfirmed creations of wishes that no relay got": sum(
            row.state is CreationState.UNCONFIRMED and row.mark not in sent for row in rows
        ),
        "charges": sum(each.is_charged for each in submissions),
        "refusals": sum(not each.is_charged for each in submissions),
    }


def _quota_texts(quotas: Iterable[CreationQuotas]) -> tuple[str, ...]:
    """Return how answers begin that tell that a quota is used up."""
    limits = {
        limit
        for each in quotas
        for limit in (
            ("creation-error-per-day", each.per_user),
            ("creation-error-server-day", each.per_server),
            ("creation-error-at-once", each.at_once),
        )
    }
    texts = (
        _CATALOG.text(key, limit=limit or 0, time=_TIME) for key, limit in sorted(limits, key=str)
    )
    return tuple(text.partition(_TIME)[0] for text in texts)


def reply_of(interaction: Interaction) -> str:
    """Return what an answer says."""
    return interaction.answer.content if interaction.answer else "no reply"


def says(interaction: Interaction, texts: tuple[str, ...]) -> bool:
    """Whether the reply begins with one of some texts."""
    return reply_of(interaction).startswith(texts)
