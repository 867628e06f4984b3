import discord

from bot.posting.views import LinkButton, link_view

SONG = LinkButton("Listen", "https://cdn1.suno.ai/a.mp3")


async def test_no_buttons_need_no_view() -> None:
    """A message without buttons is sent without a view."""
    assert link_view(()) is None


async def test_a_button_opens_its_link() -> None:
    """Discord opens it by itself: the button has a URL and no id."""
    view = link_view([SONG])
    assert view is not None
    (button,) = view.children
    assert isinstance(button, discord.ui.Button)
    assert (button.label, button.url, button.custom_id) == ("Listen", SONG.url, None)
    assert button.style is discord.ButtonStyle.link


async def test_nothing_waits_for_a_press() -> None:
    """A view of links is neither kept in memory nor ended after minutes."""
    view = link_view([SONG])
    assert view is not None
    assert view.timeout is None
    assert not view.is_dispatchable()


async def test_buttons_stand_five_in_a_row() -> None:
    """In the order in which they were given."""
    view = link_view([LinkButton(str(number), SONG.url) for number in range(7)])
    assert view is not None
    rows = [[button["label"] for button in row["components"]] for row in view.to_components()]
    assert rows == [["0", "1", "2", "3", "4"], ["5", "6"]]


async def test_more_buttons_than_discord_takes_are_left_out() -> None:
    """The message is sent all the same."""
    view = link_view([SONG] * 30)
    assert view is not None
    assert len(view.children) == 25
