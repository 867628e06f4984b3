"""The relay accounts of servers and users: their keys are encrypted, and deleted completely."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.encryption import Cipher, new_key, parse_keys
from bot.storage.account_rows import DisconnectedAccount
from bot.storage.database import DatabaseThread
from bot.storage.models import AccountOwner, RelayAccount
from bot.storage.outbox import Outbox
from bot.storage.relay_accounts import RelayAccountStore

pytestmark = pytest.mark.both_engines


KEY, OTHER_KEY = "sk-the-key-of-a-server-01", "sk-another-key-of-it-02"
SERVER, USER = AccountOwner(guild_id=50), AccountOwner(user_id=7)
CIPHER = Cipher(parse_keys(new_key()))


@pytest.fixture
def accounts(database: DatabaseThread, outbox: Outbox) -> RelayAccountStore:
    """Return the accounts of an empty database."""
    return RelayAccountStore(database, outbox)


async def connect(
    accounts: RelayAccountStore, owner: AccountOwner, key: str = KEY, cipher: Cipher = CIPHER
) -> RelayAccount:
    """Connect an account with a key."""

    def account(account_id: str) -> RelayAccount:
        return RelayAccount(
            id=account_id,
            owner=owner,
            relay="custom",
            base_url="https://relay.example",
            fetch_path="/suno/fetch",
            encrypted_key=cipher.encrypt(SecretStr(key), account_id),
            key_ending=key[-4:],
            connected_by=7,
            connected_at=1_700_000_000.0,
            locale="en-US",
        )

    return await accounts.connect(owner, account)


async def test_an_account_is_found_by_its_owner(accounts: RelayAccountStore) -> None:
    """A server and a user with the same id are two owners."""
    server = await connect(accounts, AccountOwner(guild_id=7))
    user = await connect(accounts, USER)
    assert await accounts.of(AccountOwner(guild_id=7)) == server
    assert await accounts.of(USER) == user
    assert await accounts.of(AccountOwner(guild_id=8)) is None
    assert server.id != user.id
    assert {each.id for each in await accounts.all()} == {server.id, user.id}


async def test_a_replaced_key_keeps_the_id_of_the_account(accounts: RelayAccountStore) -> None:
    """Its tasks stay watched; a new account after a disconnection has another id."""
    first = await connect(accounts, SERVER)
    second = await connect(accounts, SERVER, OTHER_KEY)
    assert second.id == first.id
    stored = await accounts.of(SERVER)
    assert stored is not None
    assert CIPHER.decrypt(stored.encrypted_key, stored.id).get_secret_value() == OTHER_KEY


@pytest.mark.sqlite_only
async def test_a_deleted_account_leaves_nothing_in_the_files(
    accounts: RelayAccountStore, tmp_path: Path
) -> None:
    """Neither the key nor its ciphertext, and a new account has a new id."""
    first = await connect(accounts, SERVER)
    second = await connect(accounts, SERVER, OTHER_KEY)
    contents = _contents(tmp_path)
    assert second.encrypted_key in contents
    assert first.encrypted_key not in contents
    disconnected = await accounts.disconnect(SERVER, 1_700_000_001.0)
    assert disconnected == DisconnectedAccount(first.id, watches=0)
    assert await accounts.all() == []
    contents = _contents(tmp_path)
    assert second.encrypted_key not in contents
    assert KEY.encode() not in contents
    assert (await connect(accounts, SERVER)).id != first.id


async def test_keys_are_encrypted_anew_with_another_key(accounts: RelayAccountStore) -> None:
    """All at once, or none."""
    old_key, new = new_key(), Cipher(parse_keys(new_key()))
    old = Cipher(parse_keys(old_key))
    for owner in (SERVER, USER):
        await connect(accounts, owner, cipher=old)
    count = await accounts.replace_keys(
        lambda each: new.encrypt(old.decrypt(each.encrypted_key, each.id), each.id)
    )
    assert count == 2
    for each in await accounts.all():
        assert new.decrypt(each.encrypted_key, each.id).get_secret_value() == KEY


async def test_a_refused_key_is_news_once(accounts: RelayAccountStore) -> None:
    """Until it is accepted again, or replaced."""
    account = await connect(accounts, SERVER)
    assert await accounts.set_rejected(account, 100.0)
    assert not await accounts.set_rejected(account, 200.0)
    assert await accounts.of(SERVER) == replace(account, rejected_since=100.0)
    assert await accounts.set_rejected(account, None)
    assert not await accounts.set_rejected(account, None)
    await connect(accounts, SERVER, OTHER_KEY)
    assert not await accounts.set_rejected(account, 100.0)


async def test_a_refused_key_is_told_until_that_is_done(accounts: RelayAccountStore) -> None:
    """Whoever is told of an earlier refusal does not count."""
    account = await connect(accounts, SERVER)
    await connect(accounts, USER)
    assert await accounts.untold(9) == []
    await accounts.set_rejected(account, 100.0)
    (first,) = await accounts.untold(9)
    assert first == replace(account, rejected_since=100.0)
    await accounts.set_rejected(account, None)
    assert await accounts.untold(9) == []
    await accounts.set_rejected(account, 200.0)
    await accounts.set_told(first, 250.0)
    (second,) = await accounts.untold(9)
    await accounts.set_told(second, 250.0)
    assert await accounts.untold(9) == []
    assert await accounts.of(SERVER) == replace(second, rejection_told_at=250.0)


async def test_a_relay_that_refuses_a_key_now_and_then_is_told_once_a_day(
    accounts: RelayAccountStore,
) -> None:
    """With a clock that is set back, or another key, the person is told again."""
    account = await connect(accounts, SERVER)
    for at in (100_000.0, 100_400.0, 186_000.0):
        await accounts.set_rejected(account, at)
        untold = await accounts.untold(5)
        assert [each.id for each in untold] == ([account.id] if at == 100_000 else [])
        for each in untold:
            await accounts.set_told(each, at)
        await accounts.set_rejected(account, None)
    for at in (186_500.0, 90_000.0):
        await accounts.set_rejected(account, at)
        (untold_account,) = await accounts.untold(5)
        await accounts.set_told(untold_account, at)
        await accounts.set_rejected(account, None)
    replaced = await connect(accounts, SERVER, OTHER_KEY)
    await accounts.set_rejected(replaced, 90_100.0)
    assert [each.id for each in await accounts.untold(5)] == [account.id]


def test_a_key_is_in_no_representation() -> None:
    """Logs and tracebacks show values."""
    account = RelayAccount("a", SERVER, "r", "u", "/p", b"secret", "ret", 1, 0.0, "en-US")
    assert "secret" not in repr(account)


def _contents(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("suno.db*"))
