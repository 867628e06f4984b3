"""Generates the texts, clips and tasks of a hostile relay, and asserts Discord's limits."""

from collections.abc import Iterable

import discord
from hypothesis import strategies as st

from bot.relay.models import Clip, ClipStatus, Lyrics, Outcome, Task, TaskKind, TaskStatus
from bot.ui.notice import Notice
from bot.ui.views import LinkButton

_PIECES = (
    *("@everyone", "@here", "<@1>", "<@!1>", "<@&1>", "<#1>", "</suno:1>", "<id:customize>"),
    *("<t:1:R>", "<:wave:1>", "<a:wave:1>", ":smile:", "<https://a.b>", "<steam://run/1>"),
    *("https://a.b/c_d_e", "discord://x", "discord.gg/abc", "discordapp.com/invite/x", "[x](u)"),
    *(
        "**b**",
        "*i*",
        "_i_",
        "__u__",
        "~~s~~",
        "||s||",
        "`c`",
        "``c``",
        "```\nc\n```",
        "\\",
        "\\\\",
    ),
    *("# h", "### h", "-# small", "- a", "* a", "+ a", "1. a", "23) a", "> q", ">>> q", ">", "-"),
    *("[Verse]", "[Chorus 2]", "(ooh)", "-", "1.", ":", "a", " ", "  ", "\n", "\n\n\n", "\r\n"),
    *("\t", "\x00", "\x1b", "\u2028", "\u202e", "\u2066", "\u200f", "\u200b", "\ufeff", "\u3164"),
    *("\u200d", "\u200c", "\ud83d", "\udc00", "\ufdd0", "e\u0301", "z" + "\u0335" * 40, "\u0335"),
    *(
        "👨\u200d👩\u200d👧\u200d👦",
        "👍🏽",
        "🇩🇪",
        "🇫🇷",
        "❤\ufe0f",
        "🏳\ufe0f\u200d🌈",
        "1\ufe0f\u20e3",
    ),
    *("می\u200cخواهم", "नमस्ते", "春天　花開", "שלום", "สวัสดี", "\U000e0041", "¯\\_(ツ)_/¯"),
)

TEXTS = st.one_of(
    st.lists(st.sampled_from(_PIECES), max_size=12).map("".join),
    st.lists(st.sampled_from(_PIECES), max_size=12).map(" ".join),
    st.text(max_size=30),
)
"""Short texts of pieces that Discord might interpret."""

_HUGE = st.builds(
    lambda piece, length: (piece * length)[:length],
    st.sampled_from(
        ("歌", "*", "la \n", "[A]\nla la\n\n", "👨\u200d👩\u200d👧", "word ", "\\", "@here")
    ),
    st.sampled_from((190, 1900, 5000, 7000)),
)
LONG_TEXTS = st.one_of(TEXTS, _HUGE)
LINKS = st.one_of(
    st.none(),
    st.sampled_from(
        (
            *(
                "https://cdn1.suno.ai/a.mp3",
                "https://cdn1.suno.ai/b.mp3",
                "http://relay:80/ä (1).mp3",
            ),
            *("https://a.b/" + "x" * 600, "https://a.b/" + "x" * 3000, "https://", "http://[", ""),
            *("javascript:alert(1)", "https://a b/c", "https://a.b:x/", "https://a.b/\ud83d"),
        )
    ),
)
CLIPS = st.builds(
    Clip,
    id=LONG_TEXTS,
    title=LONG_TEXTS,
    status=st.sampled_from(ClipStatus),
    audio_url=LINKS,
    audio_is_final=st.booleans(),
    video_url=LINKS,
    image_url=LINKS,
    duration=st.one_of(st.none(), st.floats()),
    style=LONG_TEXTS,
    lyrics=LONG_TEXTS,
    reason=LONG_TEXTS,
)
TASKS = st.builds(
    Task,
    id=LONG_TEXTS,
    status=st.sampled_from(TaskStatus),
    outcome=st.one_of(st.none(), st.sampled_from(Outcome)),
    kind=st.one_of(st.none(), st.sampled_from(TaskKind)),
    progress=st.one_of(st.none(), st.integers()),
    reason=LONG_TEXTS,
    submitted_at=st.one_of(st.none(), st.floats()),
    started_at=st.one_of(st.none(), st.floats()),
    finished_at=st.one_of(st.none(), st.floats()),
    clips=st.one_of(
        st.lists(CLIPS, max_size=3).map(tuple),
        CLIPS.map(lambda clip: (clip,) * 12),
    ),
    lyrics=st.one_of(
        st.none(), st.builds(Lyrics, text=LONG_TEXTS, title=LONG_TEXTS, style=LONG_TEXTS)
    ),
)
"""Tasks in every state, also in those that contradict themselves."""


def assert_embeds_fit(embeds: Iterable[discord.Embed]) -> None:
    """Fail unless Discord accepts these embeds in one message, and shows each of them."""
    shown = list(embeds)
    assert 0 < len(shown) <= 10
    assert sum(_length(embed) for embed in shown) <= 6000
    for embed in shown:
        _assert_embed_fits(embed)
    urls = [embed.url for embed in shown if embed.url]
    assert len(urls) == len(set(urls))


def assert_fits(notice: Notice) -> None:
    """Fail unless Discord accepts this message."""
    assert 0 < len(notice.content) <= 2000
    if notice.embeds:
        assert_embeds_fit(notice.embeds)
    assert len(notice.buttons) <= 5  # one row
    for button in notice.buttons:
        assert 1 <= len(button.label) <= 80
        if isinstance(button, LinkButton):
            assert 1 <= len(button.url) <= 512
            assert button.url.startswith(("http://", "https://"))
        else:
            assert 1 <= len(button.custom_id) <= 100


def _length(embed: discord.Embed) -> int:
    """Count the code points of an embed by what is sent, not by what discord.py counts."""
    sent = embed.to_dict()
    fields = sent.get("fields", [])
    texts = [sent.get("title"), sent.get("description"), sent.get("footer", {}).get("text")]
    texts += [sent.get("author", {}).get("name"), *(field["name"] for field in fields)]
    texts += [field["value"] for field in fields]
    return sum(len(text or "") for text in texts)


def _assert_embed_fits(embed: discord.Embed) -> None:
    assert len(embed.title or "") <= 256
    assert len(embed.description or "") <= 4096
    assert len(embed.footer.text or "") <= 2048
    assert len(embed.fields) <= 25
    assert embed.title or embed.description or embed.fields
    for field in embed.fields:
        assert 1 <= len(field.name or "") <= 256
        assert 1 <= len(field.value or "") <= 1024
    for url in (embed.url, embed.image.url, embed.thumbnail.url):
        assert url is None or (len(url) <= 2048 and url.startswith(("http://", "https://")))
        assert url is None or url.isascii()
