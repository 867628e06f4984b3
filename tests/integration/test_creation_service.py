"""Who may create what: the rules of servers, accounts and quotas, with a real Discord client."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.creation import service
from bot.i18n.catalog import catalog_for
from bot.relay.creation import CreationKind, CreationRequest, ProblemKind
from bot.relay.providers import KNOWN_RELAYS
from bot.storage.errors import (
    AlreadyRepeated,
    CreationsOfServerReached,
    TooManyMessages,
    WatchError,
)
from bot.storage.models import (
    AccountOwner,
    Caller,
    CreationOffer,
    CreationRefusal,
    CreationRefusalReason,
    CreationReport,
    TaskKey,
    WatchRefusal,
    WatchRefusalReason,
)
from bot.ui.creation_replies import creation_reply
from bot.watches.destinations import HERE, WatchOptions
from sandbox.discord import Channel
from sandbox.discord import channel_kinds as kinds
from sandbox.relay import faults
from tests.support.creation_club import SONG, Club, open_club
from tests.support.creation_harness import blocked
from tests.support.databases import refused
from tests.support.sandbox_session import SandboxSession

CUSTOM = CreationRequest(CreationKind.CUSTOM, title="Harbour", style="folk", lyrics="Waves")
OPERATOR = "custom"
REASONS = CreationRefusalReason
ENGLISH = catalog_for("en-US")


@pytest.fixture
async def club(sandbox: SandboxSession) -> AsyncIterator[Club]:
    """Yield a server in which everybody may create."""
    async with open_club(sandbox) as club:
        yield club


def reason_of(answer: object) -> CreationRefusalReason:
    """Return why something was refused."""
    assert isinstance(answer, CreationRefusal), answer
    return answer.reason


async def test_nothing_is_offered_until_the_server_turns_it_on(club: Club) -> None:
    """By default, nobody can spend anything."""
    await club.services.server_settings.reset(club.sandbox.guild.id)
    assert reason_of(await club.offer()) is REASONS.OFF
    assert reason_of(await club.refusal()) is REASONS.OFF


async def test_the_operators_account_is_not_charged_by_default(sandbox: SandboxSession) -> None:
    """Sharing the account for look-ups does not include creating."""
    async with open_club(sandbox, shared_relay_creates=False) as club:
        assert reason_of(await club.refusal()) is REASONS.NO_ACCOUNT


async def test_an_account_that_is_not_shared_is_not_charged(sandbox: SandboxSession) -> None:
    """The narrower setting counts."""
    async with open_club(sandbox, shared_relay=False) as club:
        assert reason_of(await club.refusal()) is REASONS.NO_ACCOUNT


@pytest.mark.parametrize(
    ("kind", "denied"),
    [
        (kinds.ANNOUNCEMENT, "send_messages"),
        (kinds.VOICE, "send_messages"),
        (kinds.PUBLIC_THREAD, "send_messages_in_threads"),
    ],
)
async def test_nothing_is_posted_for_who_may_only_read(club: Club, kind: int, denied: str) -> None:
    """Buttons can be pressed in such channels; in the one that the server has set, all create."""
    sandbox, in_thread = club.sandbox, kind == kinds.PUBLIC_THREAD
    parent = sandbox.guild.add_channel("news", kinds.TEXT if in_thread else kind)
    place = sandbox.guild.add_thread(parent, "a thread") if in_thread else parent
    parent.deny(denied, target=sandbox.bea)
    pressed = await club.asked(sandbox.bea, place)
    for options in (HERE, WatchOptions()):
        refusal = await club.services.creations.create(pressed, CUSTOM, options)
        assert isinstance(refusal, WatchRefusal)
        assert refusal.reason is WatchRefusalReason.MEMBER_CANNOT_POST
    await club.create(user=sandbox.ada, place=place)
    await club.set(channel_id=place.id)
    for options in (HERE, WatchOptions()):
        await club.create(CUSTOM, options, sandbox.bea, place)
    parent.allow(denied, target=sandbox.bea)
    await club.set(channel_id=None)
    await club.create(CUSTOM, HERE, sandbox.bea, place)


async def test_the_servers_account_is_charged_first_then_the_persons_own(club: Club) -> None:
    """The operator's comes last."""
    assert (await club.create()).creation.account == OPERATOR
    own = await club.connect(AccountOwner(user_id=club.sandbox.ada.id))
    assert (await club.create()).creation.account == own.id
    server = await club.connect(AccountOwner(guild_id=club.sandbox.guild.id))
    assert (await club.create()).creation.account == server.id
    assert (await club.create(user=club.sandbox.bea)).creation.account == server.id


async def test_in_direct_messages_only_the_own_account_is_charged(club: Club) -> None:
    """Neither the operator nor a server pays for what nobody else sees."""
    direct = club.sandbox.discord.open_dm(club.sandbox.ada)
    assert reason_of(await club.offer(place=direct)) is REASONS.NO_ACCOUNT
    own = await club.connect(AccountOwner(user_id=club.sandbox.ada.id))
    offer = await club.offer(place=direct)
    assert isinstance(offer, CreationOffer)
    assert (offer.account, offer.quota.left_of_user) == (own.id, None)
    report = await club.create(place=direct)
    assert report.destination.channel_id == direct.id


async def test_only_members_with_a_role_may_create(club: Club) -> None:
    """Managers need none."""
    sandbox = club.sandbox
    role = sandbox.guild.add_role("Composer")
    await club.set(creation_roles=(role.id,))
    refusal = await club.offer(sandbox.bea)
    assert reason_of(refusal) is REASONS.ROLE_MISSING
    assert isinstance(refusal, CreationRefusal)
    assert refusal.role_ids == (role.id,)
    sandbox.guild.add_member(sandbox.bea, roles=(role,))
    assert isinstance(await club.offer(sandbox.bea), CreationOffer)
    sandbox.guild.add_member(sandbox.ada, permissions=("manage_guild",))
    assert isinstance(await club.offer(sandbox.ada), CreationOffer)


async def test_the_rules_of_watching_apply(club: Club) -> None:
    """What nobody could be told is not created."""
    club.sandbox.songs.deny("send_messages")
    refusal = await club.refusal()
    assert isinstance(refusal, WatchRefusal)
    assert refusal.reason is WatchRefusalReason.BOT_CANNOT_POST


async def test_fields_are_checked_before_anything_is_spent(club: Club) -> None:
    """Each wrong field is named."""
    refusal = await club.refusal(replace(CUSTOM, title="", lyrics="la" * 3000))
    assert reason_of(refusal) is REASONS.INVALID
    assert isinstance(refusal, CreationRefusal)
    assert [(each.field, each.kind) for each in refusal.problems] == [
        ("title", ProblemKind.EMPTY),
        ("lyrics", ProblemKind.TOO_LONG),
    ]


async def test_what_the_relay_does_not_offer_is_refused(club: Club) -> None:
    """Nothing is tried that may be charged for nothing."""
    extension = replace(
        CUSTOM, kind=CreationKind.EXTENSION, extend_task_id="one", extend_clip_id="a"
    )
    refusal = await club.refusal(extension)
    assert isinstance(refusal, CreationRefusal)
    assert [each.field for each in refusal.problems] == ["kind"]


async def test_a_server_chooses_its_models(club: Club) -> None:
    """Its default is used, and no other model than those it offers."""
    offer = await club.offer()
    assert isinstance(offer, CreationOffer)
    assert offer.models[0].name == "chirp-crow"
    await club.set(creation_models=("chirp-v4", "chirp-auk"), creation_model="chirp-auk")
    offer = await club.offer()
    assert isinstance(offer, CreationOffer)
    assert [each.name for each in offer.models] == ["chirp-auk", "chirp-v4"]
    refusal = await club.refusal(replace(SONG, model="chirp-crow"))
    assert isinstance(refusal, CreationRefusal)
    assert [(each.field, each.kind) for each in refusal.problems] == [
        ("model", ProblemKind.UNSUPPORTED)
    ]
    assert (await club.create()).creation.request.model == "chirp-auk"


async def test_a_model_that_the_relay_has_no_longer_is_not_offered(club: Club) -> None:
    """Nor is it the default; where nothing else was chosen, the server's choice stays."""
    for models, default, offered in (
        (("chirp-gone", "chirp-v4"), "chirp-gone", ["chirp-v4"]),
        (("chirp-gone",), "", ["chirp-gone"]),
        ((), "chirp-gone", [model.name for model in KNOWN_RELAYS["custom"].models]),
    ):
        await club.set(creation_models=models, creation_model=default)
        offer = await club.offer()
        assert isinstance(offer, CreationOffer)
        assert [each.name for each in offer.models] == offered


async def test_every_model_of_the_operators_file_can_be_used(sandbox: SandboxSession) -> None:
    """Also one with a name of 80 characters, the most that the file takes."""
    name = "chirp-" + "x" * 74
    model = f'[models.{name}]\nversion = "v9"\nmax_lyrics = 5000\nmax_style = 1000\n'
    profiles = sandbox.folder / "profiles.toml"
    profiles.write_text(f'[relays.custom]\nmodels = ["{name}"]\n\n{model}')
    async with open_club(sandbox, relay_profiles=str(profiles)) as club:
        assert (await club.create()).creation.request.model == name


async def test_quotas_are_told_and_kept(club: Club) -> None:
    """What exceeds them is not stored."""
    await club.set(creations_per_user=2, creation_price="1 credit")
    report = await club.create()
    assert (report.quota.left_of_user, report.quota.left_of_server) == (1, 49)
    assert report.price == "1 credit"
    await club.create()
    asked = await club.asked()
    with pytest.raises(WatchError):
        await club.services.creations.create(asked, SONG)
    offer = await club.offer()
    assert isinstance(offer, CreationOffer)
    assert (offer.quota.left_of_user, offer.quota.left_of_server) == (0, 48)


async def test_the_song_is_posted_like_every_other(club: Club) -> None:
    """From the request to the notice, without another step."""
    report = await club.create(CUSTOM)
    key = await club.task_of(report)
    club.sandbox.relay.clock.advance(300)
    notice = await club.sandbox.wait_for_notice(key.task_id)
    assert "Harbour" in str(notice.payload())


async def test_a_request_without_direct_messages_is_not_sent(club: Club) -> None:
    """Where nobody can be told, nothing is spent."""
    club.sandbox.ada.accepts_direct_messages = False
    refusal = await club.refusal(options=WatchOptions(private=True))
    assert isinstance(refusal, WatchRefusal)
    assert refusal.reason is WatchRefusalReason.NO_DIRECT_MESSAGES
    offer = await club.offer()
    assert isinstance(offer, CreationOffer)
    assert offer.quota.left_of_user == 5


async def test_a_private_request_is_sent_once_its_message_has_arrived(club: Club) -> None:
    """The channel shows nothing of it."""
    report = await club.create(options=WatchOptions(private=True))
    key = await club.task_of(report)
    club.sandbox.relay.clock.advance(300)
    direct = club.sandbox.discord.open_dm(club.sandbox.ada)
    await club.sandbox.wait_for_notice(key.task_id, direct)
    assert club.sandbox.songs.messages == []


@pytest.mark.parametrize(
    "change", ["UPDATE OF message_id ON live_cards", "UPDATE OF due_at ON creations"]
)
async def test_no_error_is_told_about_a_private_request_that_is_sent(
    club: Club, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """The database fails after the request is stored: who is told so asks, and pays, again."""
    monkeypatch.setattr(service, "RECIPIENT_CHECK_TIMEOUT", 1.0)
    with refused(club.sandbox.folder / "suno.db", change):
        report = await club.create(options=WatchOptions(private=True))
    await club.task_of(report)
    assert club.charges == 1


async def test_a_private_request_whose_card_cannot_be_stored_is_not_stored(
    club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error that is told is true: nothing is sent later."""
    monkeypatch.setattr(service, "RECIPIENT_CHECK_TIMEOUT", 0.0)
    asked, private = await club.asked(), WatchOptions(private=True)
    refusing = refused(club.sandbox.folder / "suno.db", "INSERT ON live_cards")
    with refusing, pytest.raises(sqlite3.IntegrityError):
        await club.services.creations.create(asked, SONG, private)
    offer = await club.offer()
    assert isinstance(offer, CreationOffer)
    assert offer.quota.left_of_user == 5


async def test_what_was_sent_before_discord_refused_the_message_is_told_as_sent(
    club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine was suspended, say, while Discord was asked: "nothing was sent" is not true."""
    monkeypatch.setattr(service, "RECIPIENT_CHECK_TIMEOUT", 0.0)
    sandbox = club.sandbox
    sandbox.ada.accepts_direct_messages = False
    direct = sandbox.discord.open_dm(sandbox.ada)
    sandbox.discord.faults.add("POST /channels/{id}/messages", delay=3.0, channel=direct)
    report = await club.create(options=WatchOptions(private=True))
    await club.task_of(report)
    assert (report.is_unreachable, club.charges) == (True, 1)
    settings = await club.services.server_settings.of(sandbox.guild.id)
    text = creation_reply(report, settings, ENGLISH)
    assert ENGLISH.text("create-told-unreachable") in text


@pytest.fixture(params=["a server", "a conversation"])
def elsewhere(sandbox: SandboxSession, request: pytest.FixtureRequest) -> Channel:
    """Return a place where the bot is no member, used by Ada, who has installed it for herself."""
    ada = sandbox.ada
    ada.installed = True
    if request.param == "a conversation":
        return sandbox.discord.open_private(ada, sandbox.bea)
    guild = sandbox.discord.add_guild("Elsewhere", with_bot=False)
    guild.add_member(ada)
    return guild.add_channel("chat")


async def test_where_the_bot_is_no_member_the_own_account_creates_and_the_song_comes_privately(
    club: Club, elsewhere: Channel
) -> None:
    """Nobody can have switched it on there, and the bot could not post there."""
    ada = club.sandbox.ada
    assert reason_of(await club.offer(place=elsewhere)) is REASONS.NO_ACCOUNT
    own = await club.connect(AccountOwner(user_id=ada.id))
    report = await club.create(place=elsewhere)
    direct = club.sandbox.discord.open_dm(ada)
    assert report.creation.account == own.id
    assert (report.private, report.destination.channel_id) == (True, direct.id)
    key = await club.task_of(report)
    club.relay.clock.advance(300)
    await club.sandbox.wait_for_notice(key.task_id, direct)
    assert elsewhere.messages == []


async def test_a_private_request_counts_as_one_message(sandbox: SandboxSession) -> None:
    """Its card and its notice are one thing that the person has asked for."""
    private = WatchOptions(private=True)
    async with open_club(sandbox, messages_per_user=2) as club:
        for _ in range(2):
            await club.create(options=private)
        with pytest.raises(TooManyMessages):
            await club.create(options=private)


async def test_who_made_a_request_may_see_it_and_everybody_may_repeat_it(club: Club) -> None:
    """What is repeated is charged to whoever repeats it, and stays the text of its author."""
    sandbox, creations = club.sandbox, club.services.creations
    key = await club.task_of(await club.create(CUSTOM))
    stored = await creations.stored_request(key, sandbox.ada.id)
    assert stored is not None
    assert stored.lyrics == "Waves"
    assert await creations.stored_request(key, sandbox.bea.id) is None
    await club.set(creations_per_user=1)
    again = await creations.again(await club.asked(sandbox.bea), key)
    assert isinstance(again, CreationReport)
    assert (again.creation.request, again.quota.left_of_user) == (stored, 0)
    repeated = await club.task_of(again)
    assert await creations.stored_request(repeated, sandbox.bea.id) is None
    assert await creations.stored_request(repeated, sandbox.ada.id) == stored


async def test_who_wrote_a_request_can_delete_it_everywhere(club: Club) -> None:
    """Also where somebody else has repeated it; how much was created counts on."""
    sandbox, creations = club.sandbox, club.services.creations
    key = await club.task_of(await club.create(CUSTOM))
    again = await creations.again(await club.asked(sandbox.bea), key)
    assert isinstance(again, CreationReport)
    repeated = await club.task_of(again)
    await club.services.erasure.erase_user(sandbox.ada.id, None, time.time())
    for each in (key, repeated):
        answer = await creations.again(await club.asked(sandbox.bea), each)
        assert reason_of(answer) is REASONS.REQUEST_UNKNOWN
    offer = await club.offer(sandbox.bea)
    assert isinstance(offer, CreationOffer)
    assert (offer.quota.left_of_user, offer.quota.left_of_server) == (4, 48)


async def test_what_is_not_stored_cannot_be_repeated(club: Club) -> None:
    """As for a song that was created elsewhere."""
    again = await club.services.creations.again(await club.asked(), TaskKey(OPERATOR, "one"))
    assert reason_of(again) is REASONS.REQUEST_UNKNOWN


async def test_two_who_repeat_at_once_get_two_songs_or_one_refusal(club: Club) -> None:
    """The quota of the server is checked where the request is stored."""
    sandbox, creations = club.sandbox, club.services.creations
    key = await club.task_of(await club.create())
    asked = [await club.asked(sandbox.ada), await club.asked(sandbox.bea)]
    answers = await asyncio.gather(*(creations.again(each, key) for each in asked))
    made = [each for each in answers if isinstance(each, CreationReport)]
    assert len(made) == 2
    key = await club.task_of(max(made, key=lambda each: each.creation.id))
    await club.set(creations_per_server=4)
    limited = await asyncio.gather(
        *(creations.again(each, key) for each in asked), return_exceptions=True
    )
    (last,) = (each for each in limited if isinstance(each, CreationReport))
    assert [each for each in limited if isinstance(each, CreationsOfServerReached)]
    await club.task_of(last)
    assert club.charges == 4


async def test_who_repeats_twice_at_once_gets_one_song(club: Club) -> None:
    """Whoever has pressed twice, or on two devices, pays once and is told why."""
    creations = club.services.creations
    key = await club.task_of(await club.create())
    asked = [await club.asked() for _ in range(3)]
    answers = await asyncio.gather(
        *(creations.again(each, key) for each in asked), return_exceptions=True
    )
    (made,) = (each for each in answers if isinstance(each, CreationReport))
    assert sum(isinstance(each, AlreadyRepeated) for each in answers) == 2
    again = await club.task_of(made)
    assert club.charges == 2
    with pytest.raises(AlreadyRepeated):  # the relay has it already, and a moment has not passed
        await creations.again(asked[0], key)
    assert isinstance(await creations.again(asked[0], again), CreationReport)


async def test_who_waits_for_a_request_finds_it_by_its_id(club: Club) -> None:
    """Nobody else does: such ids can be guessed."""
    sandbox, task_reader = club.sandbox, club.services.task_reader
    async with blocked(sandbox.relay):  # otherwise the request may have ended already
        pending = (await club.create(CUSTOM)).creation.pending_task_id
        ada, bea = (Caller(each.id, sandbox.guild.id) for each in (sandbox.ada, sandbox.bea))
        mine = await task_reader.read(pending, ada)
        assert mine is not None
        assert mine.title == "Harbour"
        assert await task_reader.read(pending, bea) is None
        (watched,) = await club.services.watchlist.watches_of(sandbox.ada.id)
        assert watched.task.id == pending


async def test_the_id_of_a_request_leads_to_its_song_for_who_made_it(club: Club) -> None:
    """Not for others."""
    report = await club.create()
    key = await club.task_of(report)
    task_reader, pending = club.services.task_reader, report.creation.pending_task_id
    assert await task_reader.ids_in(pending, club.sandbox.ada.id) == [key.task_id]
    assert await task_reader.ids_in(pending, club.sandbox.bea.id) == [pending]


async def test_missing_credit_is_told_directly_and_on_the_health_page(club: Club) -> None:
    """Who connected the server's account learns it, and who looks for the reason finds it."""
    sandbox = club.sandbox
    sandbox.guild.add_member(sandbox.ada, permissions=("manage_guild",))
    await club.connect(AccountOwner(guild_id=sandbox.guild.id))
    club.relay.faults.add(faults.refuses_submission("402 credit"), path="/suno/submit/music")
    await club.create(user=sandbox.bea)
    direct = sandbox.discord.open_dm(sandbox.ada)
    (told,) = await sandbox.discord.wait_for(lambda: direct.messages, 120, "the message")
    ending = f"`{club.relay.key[-4:]}`"
    text = ENGLISH.text("account-no-credit-server", server="`Song Club`", ending=ending)
    assert told.content == text
    page = await sandbox.command_answer("suno-settings health")
    minute = ENGLISH.text("health-minutes", count=0)
    assert ENGLISH.text("health-no-credit-server", time=minute) in str(page.embeds[0])
