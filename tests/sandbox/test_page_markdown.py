import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

from sandbox.discord import LocalDiscord
from sandbox.page import PageServer, PageState, RelayControls
from sandbox.relay import LocalRelay
from sandbox.users import add_demo_users
from tests.support.browser import launch_browser, needs_chromium, open_page

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="module")]

A = "https://a.example/"

SHOW = """async (source) => {
  const { markdown } = await import("/static/js/markdown/render.js");
  const known = { user: () => "you", role: () => "crew", channel: () => "songs", openChannel() {} };
  const strip = (node) => {
    for (const one of node.querySelectorAll("*")) {
      for (const { name } of [...one.attributes]) if (name !== "href") one.removeAttribute(name);
    }
    return node.innerHTML;
  };
  return strip(markdown(source, known));
}"""
"""Renders in the page; gives the tags without their attributes but for addresses."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page() -> AsyncIterator[Page]:
    """Return the page, for its modules; no bot."""
    async with LocalDiscord() as discord:
        users = add_demo_users(discord).all
        async with (
            PageServer(PageState(discord, RelayControls(LocalRelay()), users)) as server,
            launch_browser() as browser,
            open_page(browser, server.url) as page,
        ):
            yield page


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("**bold** *it* _it_", "<strong>bold</strong> <em>it</em> <em>it</em>"),
        ("__under__ ~~gone~~", "<u>under</u> <s>gone</s>"),
        ("***both***", "<strong><em>both</em></strong>"),
        ("**bold with *it* in it**", "<strong>bold with <em>it</em> in it</strong>"),
        ("snake_case_name and 2*3*4 = 24", "snake_case_name and 2<em>3</em>4 = 24"),
        (r"\*not\* \_this\_ \`nor\` \[that\](x)", "*not* _this_ `nor` [that](x)"),
        (r"back\\slash and \a", r"back\slash and \a"),
        (r"**a \*\* b**", "<strong>a ** b</strong>"),
        ("`**code**`", "<code>**code**</code>"),
        ("``a ` b``", "<code>a ` b</code>"),
        ("||secret||", "<span><span>secret</span></span>"),
        ("[**L**](https://a.example/x_y_z)", f'<a href="{A}x_y_z"><strong>L</strong></a>'),
        ("[no](javascript:alert(1))", "[no](javascript:alert(1))"),
        ("see https://a.example/a_b, ok", f'see <a href="{A}a_b">{A}a_b</a>, ok'),
        ("<https://a.example/>", '<a href="https://a.example/">https://a.example/</a>'),
        ("hi <@1> of <@&3>", "hi <span>@you</span> of <span>@crew</span>"),
        ("in <#2>", "in <button>#songs</button>"),
        ("<:note:123> @everyone", "<span>:note:</span> <span>@everyone</span>"),
        ("</suno status:9>", "<button>/suno status</button>"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("two **open and _never", "two **open and _never"),
    ],
)
async def test_a_line_is_rendered_as_in_discord(page: Page, source: str, shown: str) -> None:
    """Emphasis, code, links, mentions and backslash escapes look as in Discord."""
    assert await page.evaluate(SHOW, source) == f"<div>{shown}</div>"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("# One\ntext", "<div>One</div><div>text</div>"),
        ("-# small *print*", "<div>small <em>print</em></div>"),
        (r"\# no heading", "<div># no heading</div>"),
        ("#no heading", "<div>#no heading</div>"),
        ("- a\n- b\n  - c", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"),
        ("3. c\n4. d", "<ol><li>c</li><li>d</li></ol>"),
        ("> said\n> so\nnot", "<blockquote><div>said\nso</div></blockquote><div>not</div>"),
        (">>> all\nof it", "<blockquote><div>all\nof it</div></blockquote>"),
        ("```py\nx = **1**\n```after", "<pre><code>x = **1**</code></pre><div>after</div>"),
        ("a\n\nb", "<div>a\n\nb</div>"),
        ("**over\nlines**", "<div><strong>over\nlines</strong></div>"),
    ],
)
async def test_blocks_are_rendered_as_in_discord(page: Page, source: str, shown: str) -> None:
    """Headings, small text, lists, quotes, code blocks and line breaks look as in Discord."""
    assert await page.evaluate(SHOW, source) == shown


async def test_escaped_text_is_rendered_unchanged(page: Page) -> None:
    """The bot puts a backslash before everything that could be Markdown."""
    title = "*_~`|<>[]()#-+.!\\ and 1. 2) :smile: {x}"
    escaped = "".join(f"\\{one}" if not one.isalnum() and one != " " else one for one in title)
    shown = await page.evaluate(SHOW, escaped)
    assert await page.evaluate("(html) => html", shown) == f"<div>{_as_html(title)}</div>"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-90, "1 minute ago"),
        (-5, "5 seconds ago"),
        (0, "in 0 seconds"),
        (7200, "in 2 hours"),
        (-172800, "2 days ago"),
    ],
)
async def test_relative_times_use_the_largest_fitting_unit(
    page: Page, seconds: int, shown: str
) -> None:
    """The difference from now is shown in the largest unit that fits."""
    script = """async (distance) => {
      const { relative } = await import("/static/js/timestamps.js");
      return relative(1000000 + distance, 1000000, "en-US");
    }"""
    assert await page.evaluate(script, seconds) == shown


async def test_a_time_is_shown_in_the_language_of_the_reader(page: Page) -> None:
    """The browser formats times in the user's language."""
    script = """async () => {
      const { relative } = await import("/static/js/timestamps.js");
      return relative(1000000 - 120, 1000000, "zh-CN");
    }"""
    assert await page.evaluate(script) == "2分钟前"


@pytest.mark.parametrize(
    "hostile", ["*" * 4000, "[" * 4000, "||" * 2000, "> " * 2000, "__*" * 1300, "`" * 4000]
)
async def test_hostile_markdown_is_rendered_within_a_second(page: Page, hostile: str) -> None:
    """No text that fits a message keeps the browser busy for a second."""
    script = """async (source) => {
      const { parseBlocks } = await import("/static/js/markdown/blocks.js");
      const began = performance.now();
      parseBlocks(source);
      return performance.now() - began;
    }"""
    assert await page.evaluate(script, hostile) < 1000


def _as_html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


OPTIONS = [{"name": name, "label": name, "type": 3} for name in ("id", "count")]
COMMANDS: list[dict[str, Any]] = [
    {"path": "suno status", "name": "suno status", "options": OPTIONS},
    {"path": "suno list", "name": "suno 列表", "options": []},
]


@pytest.mark.parametrize(
    ("typed", "path", "values"),
    [
        ("/suno status abc", "suno status", {"id": "abc"}),
        ("/suno status a b", "suno status", {"id": "a b"}),
        ("/suno status id:a count:2", "suno status", {"id": "a", "count": "2"}),
        ("/suno status count:2 id:x:y", "suno status", {"count": "2", "id": "x:y"}),
        ("/suno 列表 ", "suno list", {}),
        ("/SUNO LIST ", "suno list", {}),
        ("/suno stat", None, None),
        ("/suno status", None, None),
    ],
)
async def test_a_complete_command_can_be_typed(
    page: Page, typed: str, path: str | None, values: dict[str, str] | None
) -> None:
    """The command has its own or its translated name, and values by name or in order."""
    script = """async ([commands, typed]) => {
      const { readTyped } = await import("/static/js/commands.js");
      const read = readTyped(commands, typed);
      return read && [read.command.path, read.values];
    }"""
    read = await page.evaluate(script, [COMMANDS, typed])
    assert read == (None if path is None else [path, values]), json.dumps(read)
