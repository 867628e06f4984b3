"""The captions of the tour, in the languages of the demo's users."""

_CHINESE = {
    "Make a song": "做一首歌",
    "… the relay is making the song …": "……中转站正在生成这首歌……",
    "An answer is lost": "回应丢失的时候",
    "The relay has charged it, and the connection breaks.": "中转站扣了费，连接却断了。",
    "A song is being made": "正在生成一首歌",
    "… the relay goes on making the song …": "……中转站还在生成这首歌……",
    "Lyrics are being written": "正在生成歌词",
    "Things go wrong": "出错的时候",
    "Two songs with one command": "一条命令，两首歌",
    "Read the lyrics again": "再看一遍歌词",
    "The bot has logged in.": "机器人已登录。",
    "It has registered its commands.": "它已注册命令。",
    "Every expected message came.": "该来的消息都来了。",
    "Not every expected message came.": "有的消息没有来。",
    "Now it is your turn.": "现在轮到您了。",
}


def translated(caption: tuple[str, ...], locale: str) -> str:
    """Return a caption of several sentences in the language of a locale."""
    if not locale.startswith("zh"):
        return " ".join(caption)
    return "".join(_CHINESE.get(each, each) for each in caption)
