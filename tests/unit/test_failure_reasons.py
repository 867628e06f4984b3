"""How relays' texts about failures are classified and explained."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.i18n.catalog import catalog_for, catalog_in, languages
from bot.relay.models import Clip, ClipStatus
from bot.storage.models import EndReason
from bot.ui.failure_reasons import (
    classify_reason,
    failure_advice,
    failure_explanation,
    relay_reason,
)
from bot.ui.notice import render_notice
from bot.ui.status_card import status_card
from tests.support.builders import NOON, a_clip, a_failure, a_song

EXAMPLES = {
    "artist": (
        "Song Description contained artist name: metallica",
        "Tags contained artist name",
        "The song description contains producer tags: 'x' which is not allowed.",
        "提示词中包含歌手名字，请修改后重试",
    ),
    "match": (
        "Uploaded audio matches existing work of art.",
        "上传的音频与现有艺术作品匹配",
    ),
    "copyright": (
        "Lyrics contained copyrighted material",
        "Prompt likely copyrighted",
        "歌词包含受版权保护的内容",
    ),
    "too-long": (
        "Prompt too long.",
        "The tags character length should be less than 200.",
        "style must be less than or equal 120",
        "歌词过长，最多 3000 字",
        "提示词长度超过限制",
    ),
    "moderation": (
        "Song Description flagged for moderation",
        "clips generation failed: moderation_failure; Unable to generate lyrics",
        "Prompt contained inappropriate material",
        "The lyrics contain words that are not allowed.",
        "SENSITIVE_WORD_ERROR",
        "歌词含有敏感词，请修改",
        "内容违规",
        "内容审核未通过",
    ),
    "malformed": ("Prompt likely malformed", "The lyrics format is invalid.", "歌词格式错误"),
    "description": (
        "Unable to generate lyrics from song description",
        "无法根据描述生成歌词",
    ),
    "source": (
        "continue_at must be a number greater than 0",
        "invalid clip id",
        "The song id does not exist or has been taken offline.",
        "续写的歌曲不存在",
        "无效的 clip_id",
    ),
    "credit": (
        "Insufficient credits.",
        "insufficient_user_quota",
        "The remaining credits are not enough.",
        "账号余额不足",
        "用户额度不足，请充值",
        "积分不足",
        "预扣费额度失败, 用户剩余额度: ＄0.12",
        "pre_consume_token_quota_failed",
    ),
    "busy": (
        "no available worker in system",
        "No available channel for model suno_music under group default",
        "Too many running jobs",
        "service under maintenance, generation paused",
        "暂无可用账号",
        "当前分组 default 下对于模型 suno_music 无可用渠道",
        "当前分组上游负载已饱和，请稍后再试",
    ),
    "model": ("Unsupported model: chirp-v2", "model chirp-v9 is not supported", "不支持该模型"),
    "captcha": ("CAPTCHA verification is required", "hCaptcha solve failed", "需要人机验证"),
    "login": ("Unauthorized", "Token validation failed.", "账号登录已失效", "令牌已过期"),
    "expired": ("task expired", "任务已过期"),
    "timeout": (
        "time out",
        "timeout while waiting for audio generation",
        "The generation took too long",
        "任务超时（60分钟）",
        "上游任务超时（超过1小时）",
        "内容生成时间过长",
    ),
    "upload": ("Audio upload failed", "failed to upload the file", "音频上传失败"),
    "internal": (
        "Internal error",
        "upstream task id is empty",
        "bad response, status code: 502",
        "获取渠道信息失败，请联系管理员，渠道ID：7",
        "上游任务ID为空",
        "服务器内部错误",
    ),
    "failed": (
        "Audio generation failed",
        "job failed with unknown error",
        "GENERATE_AUDIO_FAILED",
        "生成失败",
        "任务失败",
    ),
    "unknown": (
        "boom",
        "no credits were charged",
        "the prompt is case-sensitive",
        "审核通过",
        "generic trouble: 42",
        "请联系客服",
    ),
}
"""What relays really write, and the name of the texts that explain it."""


@pytest.mark.parametrize(
    ("cause", "reason"),
    [(cause, reason) for cause, reasons in EXAMPLES.items() for reason in reasons],
)
def test_texts_of_relays_are_classified(cause: str, reason: str) -> None:
    """English and Chinese texts map to causes; an unknown text has no known cause."""
    assert classify_reason(reason) == cause


@pytest.mark.parametrize("cause", [cause for cause in EXAMPLES if cause != "unknown"])
def test_every_cause_has_examples_in_both_languages(cause: str) -> None:
    """Each cause has an English and a Chinese example."""
    scripts = {bool(re.search("[\u4e00-\u9fff]", reason)) for reason in EXAMPLES[cause]}
    assert scripts == {True, False}


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("cause", EXAMPLES)
def test_every_cause_has_an_explanation_and_advice(cause: str, language: str) -> None:
    """Both catalogues have the two texts of each cause."""
    catalog = catalog_in(language)
    task = a_failure(reason=EXAMPLES[cause][0])
    assert failure_explanation(task, catalog) == catalog.text(f"notice-reason-{cause}")
    assert failure_advice(task, catalog) == catalog.text(f"notice-advice-{cause}")


def test_explanations_of_causes_are_distinct() -> None:
    """No two causes share an explanation."""
    for language in languages():
        catalog = catalog_in(language)
        explanations = [catalog.text(f"notice-reason-{cause}") for cause in EXAMPLES]
        assert len(set(explanations)) == len(explanations)


@pytest.mark.parametrize(
    "written", ["TIME OUT", "  time \n out ", "time\u200b out", "time_out", "Time-Out!"]
)
def test_classification_ignores_case_and_invisible_characters(written: str) -> None:
    """Upper case, whitespace and invisible characters do not change the cause."""
    assert classify_reason(written) == "timeout"


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_a_failure_is_explained_in_the_language_of_the_channel(locale: str) -> None:
    """The relay's own text follows unchanged."""
    catalog = catalog_for(locale)
    task = a_failure(reason="账号余额不足")
    (embed,) = render_notice(task, EndReason.FINISHED, [1], catalog).embeds
    assert embed.description == catalog.text("notice-reason-credit")
    assert [field.value for field in embed.fields][:2] == [
        "账号余额不足",
        catalog.text("notice-advice-credit"),
    ]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("用户额度不足, 剩余额度: ＄0.0213", "用户额度不足, 剩余额度: ＄…"),
        ("Insufficient credits: 1,250 left of 5000", "Insufficient credits: … left of …"),
        ("预扣费额度失败, 用户剩余额度: ＄0.12", "预扣费额度失败, 用户剩余额度: ＄…"),
        ("You need 10 credits, 3 remain", "You need … credits, … remain"),
        ("token expired [sk-abc***xyz]", "token expired \\[sk-…\\]"),
        ("The title is 80 characters too long", "The title is 80 characters too long"),
    ],
)
def test_no_notice_shows_the_balance_or_the_key_of_an_account(said: str, shown: str) -> None:
    """Neither where the song has failed nor where one version has; nor does a status card."""
    failure = a_failure(reason=said)
    (embed,) = render_notice(failure, EndReason.FINISHED, [1], catalog_in("en")).embeds
    assert embed.fields[0].value == shown
    assert shown in (status_card(failure, catalog_in("en"), now=NOON).description or "")
    failed = a_clip(status=ClipStatus.ERROR, audio_url=None, reason=said)
    notice = render_notice(
        a_song(clips=(a_clip(), failed)), EndReason.FINISHED, [1], catalog_in("en")
    )
    assert shown in str([each.to_dict() for each in notice.embeds]).replace("\\\\", "\\")


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_a_status_card_explains_a_failure(locale: str) -> None:
    """The status card has the same explanation as the notice."""
    catalog = catalog_for(locale)
    card = status_card(a_failure(reason="Prompt too long."), catalog, now=NOON)
    assert catalog.text("notice-reason-too-long") in (card.description or "")
    assert "Prompt too long." in (card.description or "")


def a_failed_clip(reason: str) -> Clip:
    """Return a failed clip with a reason."""
    return replace(a_clip(), status=ClipStatus.ERROR, audio_url=None, reason=reason)


def test_the_most_specific_reason_wins() -> None:
    """The reason of a clip is used if that of the task is vague."""
    clips = (a_failed_clip("strange"), a_failed_clip("Tags contained artist name"))
    task = a_failure(reason="任务失败", clips=clips)
    assert relay_reason(task) == "Tags contained artist name"
    assert failure_explanation(task, catalog_for("en")) == catalog_for("en").text(
        "notice-reason-artist"
    )
    assert relay_reason(replace(task, clips=clips[:1])) == "strange"
    assert relay_reason(replace(task, clips=())) == "任务失败"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=2000))
def test_every_text_has_a_cause(reason: str) -> None:
    """Any text is classified, and the notice of any failure fits Discord's limits."""
    assert classify_reason(reason) in EXAMPLES


@pytest.mark.parametrize(
    "piece",
    [
        "insufficient ",
        "lyrics ",
        "no available ",
        "credits ",
        "歌词",
        "all a ",
        "upload ",
        "model ",
    ],
)
def test_only_the_start_of_a_reason_is_searched(piece: str) -> None:
    """The length of the text does not change the work."""
    assert classify_reason(piece * 100_000 + " time out") == "unknown"
