"""The songs that can be started on the page; their titles, styles and lyrics are written for it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Song:
    """A song to request from the relay."""

    title: str
    style: str
    lyrics: str


SONGS = (
    Song(
        "Paper Boats at Noon",
        "warm indie folk, fingerpicked guitar",
        "[Verse]\nWe folded up the morning news\nAnd set it on the stream\n"
        "The headlines sailed beneath the bridge\nAs quiet as a dream\n\n"
        "[Chorus]\nPaper boats at noon\nNobody at the wheel\n"
        "Carry what we could not say\nAnd tell us how you feel",
    ),
    Song(
        "Lantern Street",
        "city pop, slap bass, soft neon synths",
        "[Verse]\nThe shutters close, the kettles sing\nThe trams go home to bed\n"
        "Somebody left a lantern on\nThat paints the pavement red\n\n"
        "[Chorus]\nLantern Street, Lantern Street\nI know you by your glow\n"
        "Every window has a tune\nThat only windows know",
    ),
    Song(
        "A Kettle Full of Stars",
        "dream pop, slow, airy choir",
        "[Verse]\nI put the evening on to boil\nIt whistled in the dark\n"
        "And out came seven little moons\nAnd one enormous spark\n\n"
        "[Chorus]\nPour me a cup of midnight\nA spoon of Milky Way\n"
        "There's a kettle full of stars\nTo last us till the day",
    ),
    Song(
        "Last Bus to the Sea",
        "synthwave, driving, 104 bpm",
        "[Verse]\nTwo tickets and a thermos flask\nThe driver hums along\n"
        "The towns get smaller one by one\nThe road becomes a song\n\n"
        "[Chorus]\nLast bus to the sea\nSalt upon the glass\n"
        "Keep a seat for me\nUntil the mountains pass",
    ),
)

CHINESE_TITLE = "长河谣"

_CHINESE_VERSES = (
    "山里的雪悄悄化开\n一滴一滴走下石阶\n小溪学会了第一支歌\n唱给路边发芽的春野",
    "渡口的老船系着旧绳\n船上的灯等着晚归人\n河水问我要去哪里\n我说跟着风跟着云",
    "城里的桥一座又一座\n桥下的倒影轻轻地摇\n卖花的姑娘收起雨伞\n把最后一朵送给浪涛",
    "稻田黄了燕子南飞\n磨坊的轮子慢慢地转\n一年的故事装进谷仓\n留一把种子撒在河岸",
    "夜里的雾盖住了两岸\n只有星星还认得路\n它们在水里排成一行\n替每条船点一盏烛",
    "走了很远才看见大海\n海问河水累不累\n河水笑着没有回答\n浪花开成一片玫瑰",
)
_CHINESE_CHORUS = "长河长河不回头\n带着月亮慢慢走\n今天的歌明天还唱\n唱到白发也不休"


def long_chinese_lyrics(parts: int = 120) -> str:
    """Return lyrics of so many verses, far longer than one Discord message can be."""
    verses = (
        f"[第{number}段]\n{_CHINESE_VERSES[(number - 1) % len(_CHINESE_VERSES)]}\n\n"
        f"[副歌]\n{_CHINESE_CHORUS}"
        for number in range(1, parts + 1)
    )
    return "\n\n".join(verses)
