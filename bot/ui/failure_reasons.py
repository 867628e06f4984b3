"""Explains why a task failed: classifies the relay's text and returns our own."""

import re

from bot.i18n.catalog import Catalog
from bot.relay.models import Task, TaskKind, TaskStatus
from bot.ui.escaping import sanitize

_MAX_READ = 600
"""Code points of a reason that are searched for known causes."""

_UNKNOWN_CAUSE = "unknown"
_VAGUE_CAUSE = "failed"

_CAUSES = {
    "artist": r"""
        artist(?:'s|s'|s)?\ names?\b | \bproducer\ tags?\b
        | (?:歌手|艺人|艺术家|明星|音乐人)(?:的)?(?:名字|姓名|名称|名) | 知名(?:歌手|艺人|艺术家)
    """,
    "match": r"""
        \bmatch(?:es|ed)?\ (?:an\ )?existing\ work | \buploaded\ audio\b.{0,40}\bcopyright
        | 与(?:现有|已有).{0,8}作品.{0,4}(?:匹配|相同|重复) | 上传.{0,4}音频.{0,20}(?:版权|侵权)
    """,
    "copyright": r"\bcopyright | 版权 | 侵权",
    "too-long": r"""
        \b(?:prompt|lyrics?|tags?|style|title|topic|text|description|name|input)\b.{0,40}
            \b(?:too\ long|(?:less|shorter|fewer)\ than|at\ most|exceed|maximum\ length)
        | \bmaximum\ (?:prompt|lyrics?|text|character)\ length
        | (?:歌词|提示词|标签|风格|标题|描述|文本|内容|文字|字数|字符|prompt)[^时]{0,20}
            (?:过长|太长|超长|超出|超过|过多|超限|不能大于)
    """,
    "moderation": r"""
        \bmoderat(?:ion|ed)\b | \bflagged\b | (?<!case\ )\bsensitive\b
        | \binappropriate\b | \bnsfw\b
        | \b(?:content|usage|safety)\ polic(?:y|ies)\b | \bcommunity\ guidelines\b
        | \bprohibited\ (?:content|words?)\b | \b(?:words?|content)\b.{0,20}\bnot\ allowed\b
        | 敏感 | 违规 | 违禁 | 不当内容 | 不合规 | 涉黄 | 涉政 | 涉暴 | 色情
        | 审核(?:未|不|没有)通过 | (?:未|没有|没能)通过.{0,10}审核 | 审核失败
    """,
    "malformed": r"""
        \b(?:likely\ malformed | malformed\ (?:prompt|lyrics?)) | \blyrics?\ format\b
        | 歌词格式
    """,
    "description": r"""
        \b(?:unable\ to|could\ not|cannot|failed\ to)\ (?:generate|write)\ lyrics\b
        | (?:无法|未能|不能).{0,10}生成歌词
    """,
    "source": r"""
        \bcontinue\ (?:at|clip)\b
        | \b(?:clip|audio|song)\ id\b.{0,30}\b(?:not\ (?:found|exist)|invalid|required|missing)
        | \b(?:invalid|unknown|missing|wrong)\ (?:clip|audio|song)\ id\b
        | \b(?:clip|song)\b.{0,20}\b(?:not\ found|(?:does\ )?not\ exist|taken\ offline)
        | (?:片段|clip|音频|歌曲|原曲|续写)(?!生成|制作).{0,12}
            (?:不存在|无效|未找到|找不到|已下架|不合法)
        | (?:无效|错误)的?\ ?(?:片段|clip|音频|歌曲)
    """,
    "credit": r"""
        \binsufficient\ (?:\w{1,20}\ ){0,2}(?:credit|quota|balance|fund|point)
        | \b(?:credits?|quotas?|balance|points)\b.{0,20}
            \b(?:insufficient|not\ enough|exhausted|used\ up|depleted|exceeded|too\ low|ran\ out)
        | \b(?:not\ enough|out\ of|no\ more|no\ remaining)\ (?:\w{1,20}\ )?(?:credit|quota|balance)
        | \bno\ credits?\ (?:left|remaining|available) | \bactive\ subscription\b
        | (?:余额|额度|积分|点数|配额|算力)(?:已|已经)?(?:不足|不够|耗尽|用尽|用完) | 欠费
        | 预扣费?额度失败 | \bpre\ consume\ (?:\w{1,20}\ )?quota\ failed
    """,
    "busy": r"""
        \bno\ (?:\w{1,20}\ )?available\ (?:\w{1,20}\ )?
            (?:worker|account|channel|token|instance|cookie|server)
        | \bno\ (?:worker|account|channel|token|instance|cookie|server)s?\b.{0,20}\bavailable
        | \ball\ (?:\w{1,20}\ )?(?:account|worker|channel|instance)s?\b.{0,15}\bbusy
        | \b(?:server|service|system|upstream|suno|relay)\b.{0,20}\bbusy
        | \boverloaded\b | \brate\ limit | \bunder\ maintenance\b | \b(?:high\ demand|heavy\ load)\b
        | \btoo\ many\ (?:\w{1,20}\ )?(?:requests|tasks|jobs|generations)\b
        | \bqueue\b.{0,10}\bfull\b | \bconcurren(?:t|cy)\b.{0,20}\blimit
        | (?:无|没有|暂无)可用的?.{0,8}(?:渠道|账[号户]|令牌|实例|节点|通道|服务器)
        | 账[号户]池 | 负载.{0,3}(?:饱和|过高|过大|较高)
        | 繁忙 | 限流 | 频率限制 | 维护中 | 正在维护
        | 请求(?:数)?过(?:多|于频繁) | 并发.{0,8}(?:上限|超限|超过|限制|过高) | 队列.{0,4}满
    """,
    "model": r"""
        \b(?:unsupported|invalid|unknown|deprecated)\ (?:model|mv)\b | \bmv'?\ field\ is\ invalid
        | \bmodel\b.{0,40}\b(?:not\ (?:supported|exist|found|allowed|available))
        | \bmodel\b.{0,40}\b(?:unavailable|deprecated)\b
        | 不支持(?:的|该|此|这个)?模型
        | 模型.{0,20}(?:不支持|不存在|不可用|已下线|已停用|无效|未找到)
    """,
    "captcha": r"captcha | \bturnstile\b | 人机验证 | 真人验证 | 验证码",
    "login": r"""
        \bunauthorized\b | \btoken\ (?:validation|verification)\ failed
        | \b(?:token|jwt|cookie|session|login)\b.{0,20}\b(?:expired|invalid)
        | \b(?:invalid|expired)\ (?:token|jwt|cookie|session|login)\b
        | \baccount\b.{0,20}\b(?:banned|suspended|disabled|blocked)
        | (?:登录|登陆|令牌|token|cookie|会话|凭证).{0,8}(?:失效|过期|无效) | 无效的?令牌
        | 账[号户].{0,6}(?:被封|封禁|失效|异常|禁用)
    """,
    "expired": r"""
        \b(?:task|job|request)\b.{0,20}\bexpired | \bexpired\ (?:task|job)\b
        | 任务.{0,6}(?:过期|失效)
    """,
    "timeout": r"""
        \btim(?:e|ed)\ ?outs?\b | \btook\ too\ long\b | \bdeadline\ exceeded\b
        | 超时 | 时间过长 | 耗时过长
    """,
    "upload": r"""
        \bupload(?:ing|ed)?\b.{0,30}\bfail | \bfail(?:ed|ure)?\ to\ upload\b
        | 上传.{0,10}失败
    """,
    "internal": r"""
        \binternal\ (?:server\ )?error | \bbad\ gateway\b | \bservice\ unavailable\b
        | \bchannel\ information\b | \btask\ id\ is\ empty\b | \bopenai\ error\b
        | \bupstream\ error\b | \bconnection\ (?:reset|refused|closed)\b | \bunexpected\ eof\b
        | \b(?:http|status|status\ code)\W{0,3}5\d\d\b
        | 内部错误 | 服务器错误 | 系统(?:错误|异常) | 网络(?:错误|异常) | 上游(?:错误|异常)
        | 渠道信息 | 任务id为空
    """,
    _VAGUE_CAUSE: r"""
        \bgenerat(?:e|ion|ing)\b.{0,15}\bfail | \bfail(?:ed|ure)?\ to\ generate\b
        | \b(?:task|job)\ (?:has\ )?fail | \bunknown\ error\b
        | (?:生成|任务|创建|执行|制作|合成).{0,4}失败 | 未知错误
    """,
}
"""Patterns of Suno's and the relays' texts, by cause as in the catalogue's keys; the first wins.

They match lower-case text with spaces instead of ``_`` and ``-``. Every repetition is bounded.
"""

_PATTERNS = {name: re.compile(pattern, re.VERBOSE) for name, pattern in _CAUSES.items()}
_KEY = re.compile(r"\bsk-[\w*…-]{4,}")
_BALANCE = re.compile(
    r"balance|credit|quota|\bfunds\b|余额|餘額|额度|額度|积分|積分|点数|點數|配额|算力",
    re.IGNORECASE,
)
"""Words beside which an amount may be what an account has left."""
_AMOUNT = re.compile(r"\d[\d.,]*")
_SEPARATORS = str.maketrans({"_": " ", "-": " ", "’": "'"})


def relay_reason(task: Task) -> str:
    """Return the relay's text about the failure: untrusted, or empty.

    If the task and its clips have different texts, the most specific one is returned.
    """
    reasons = dict.fromkeys((task.reason, *(clip.reason for clip in task.clips)))
    visible = [reason for reason in reasons if sanitize(reason, limit=_MAX_READ)]
    return min(visible, key=_vagueness, default="")


def publishable(reason: str) -> str:
    """Return the relay's text about a failure without what is private about its account.

    That is every amount where it speaks of credit, and keys, also shortened ones.
    """
    reason = _KEY.sub("sk-…", reason)
    return _AMOUNT.sub("…", reason) if _BALANCE.search(reason) else reason


def failure_explanation(task: Task, catalog: Catalog) -> str:
    """Return our sentence about why ``task`` failed, without the relay's text."""
    return catalog.text(f"notice-reason-{_cause(task)}")


def failure_advice(task: Task, catalog: Catalog) -> str:
    """Return a sentence about what a user can do about the failure of ``task``."""
    return catalog.text(f"notice-advice-{_cause(task)}")


def failure_cause(task: Task) -> str:
    """Return the cause of the failure of ``task``, as in the catalogue's keys."""
    return _cause(task)


def effective_kind(task: Task) -> TaskKind | None:
    """Return the kind of the task, inferred from its result if the relay does not say."""
    if task.kind is None and task.lyrics is not None:
        return TaskKind.LYRICS
    return TaskKind.MUSIC if task.kind is None and task.clips else task.kind


def classify_reason(reason: str) -> str:
    """Return the cause of a failure by the relay's text, as in the catalogue's keys.

    ``unknown`` is a cause without a pattern, for which the relay's text is shown.
    """
    text = " ".join(sanitize(reason, limit=_MAX_READ).casefold().translate(_SEPARATORS).split())[
        :_MAX_READ
    ]
    matching = (name for name, pattern in _PATTERNS.items() if pattern.search(text))
    return next(matching, _UNKNOWN_CAUSE)


def _cause(task: Task) -> str:
    """Return the cause of the failure of ``task``, as in the catalogue's keys."""
    if reason := relay_reason(task):
        return classify_reason(reason)
    return "lost" if task.status is TaskStatus.UNKNOWN else "silent"


def _vagueness(reason: str) -> int:
    """Rank texts: a known specific cause (0), an unknown cause (1), no cause (2)."""
    return {_UNKNOWN_CAUSE: 1, _VAGUE_CAUSE: 2}.get(classify_reason(reason), 0)
