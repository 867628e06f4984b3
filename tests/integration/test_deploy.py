"""What operators import: the dashboard and the alerts speak of figures that there are."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.monitoring.health import StalenessLimits
from bot.settings import Settings
from tests.support.metrics_client import monitored_bot
from tests.support.paths import ROOT
from tests.support.sandbox_session import open_sandbox

DEPLOY = ROOT / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))
DOCUMENT = (DEPLOY.parent / "docs" / "monitoring.md").read_text(encoding="utf-8")
ALERTS = (DEPLOY / "alerts.yml").read_text(encoding="utf-8")
TRIALS_FILE = ROOT / "tests" / "alerts_test.yml"
TRIALS = TRIALS_FILE.read_text(encoding="utf-8")

_NAME = re.compile(r"\b(?:suno_bot|process)_[a-z_]+")
_BY = re.compile(r"\bby \(([^)]*)\)")
_SELECTED = re.compile(r"(\w+)=~?\"")
_TRIED = re.compile(r"labels: '{alertname=\"(\w+)\", instance=\"ill\"}'")


def expressions() -> Iterator[str]:
    """Give every question that the dashboard asks."""
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


def rules() -> list[str]:
    """Give every alert, as the text from its name to the next one."""
    return re.split(r"^ *- alert: ", ALERTS, flags=re.MULTILINE)[1:]


async def test_every_figure_that_is_asked_for_is_served(tmp_path: Path) -> None:
    """By name, and with each label that is asked for; and the document names all there are."""
    async with open_sandbox(tmp_path) as sandbox, monitored_bot(sandbox) as operator:
        await operator.until("/readyz", 200)
        _, text, _ = await operator.get("/metrics")
    families = list(text_string_to_metric_families(text))
    samples = [each for one in families for each in one.samples]
    names = {sample.name for sample in samples}
    labels = {label for sample in samples for label in sample.labels} | {"job", "instance"}
    for asked in (*expressions(), *rules()):
        assert set(_NAME.findall(asked)) <= names, asked
        grouped = {label.strip() for by in _BY.findall(asked) for label in by.split(",")}
        assert (grouped | set(_SELECTED.findall(asked))) <= labels, asked
    served = {one.name + ("_total" if one.type == "counter" else "") for one in families}
    made_by_the_library = "_created"  # when each figure began, which nobody asks for
    ours = {
        name
        for name in served
        if name.startswith("suno_bot_") and not name.endswith(made_by_the_library)
    }
    assert ours == set(_NAME.findall(DOCUMENT)) - {"process_"}


def test_every_panel_reads_from_the_source_that_is_chosen() -> None:
    """A dashboard that is imported elsewhere names no source of ours."""
    (source, *_) = DASHBOARD["templating"]["list"]
    assert (source["type"], source["name"]) == ("datasource", "datasource")
    panels = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    for panel in panels:
        assert panel["description"], panel["title"]
        for one in (panel, *panel["targets"]):
            assert one["datasource"]["uid"] == "${datasource}"


def test_the_panels_do_not_lie_on_each_other() -> None:
    """Each place of the grid is taken once, within its 24 columns."""
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        x, y, width, height = (panel["gridPos"][key] for key in "xywh")
        places = {(x + column, y + row) for column in range(width) for row in range(height)}
        assert x + width <= 24
        assert not places & taken, panel["title"]
        taken |= places


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule).partition("\n")[0])
def test_every_alert_says_what_is_wrong_and_what_to_do(rule: str) -> None:
    """With how long it has to last, and how bad it is."""
    for part in ("expr: ", "for: ", "severity: ", "summary: ", "description: >-\n"):
        assert rule.count(part) == 1, part


def test_the_alert_for_rounds_has_the_patience_of_the_health_check() -> None:
    """At the default pace; the rule and the document say how to adapt it to a slower one."""
    (rule,) = (rule for rule in rules() if rule.startswith("SunoBotRoundsFail"))
    bound = float(rule.partition("seconds > ")[2].split()[0])
    default = Settings.model_fields["poll_requests_per_second"].default
    assert bound >= StalenessLimits.for_rate(default).poll
    assert bound >= StalenessLimits.for_rate(default).others
    for text in (rule, DOCUMENT):
        formula = re.search(r"(\d+) \+ (\d+) / `?POLL_REQUESTS_PER_SECOND", text)
        assert formula
        first, per_pace = map(float, formula.groups())
        assert first + per_pace / 0.1 == StalenessLimits.for_rate(requests_per_second=0.1).poll


def test_every_alert_is_tried() -> None:
    """One that can never be raised is worse than none."""
    assert {rule.partition("\n")[0] for rule in rules()} == set(_TRIED.findall(TRIALS))


with_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="Prometheus is not installed"
)


def promtool(*words: str | Path) -> None:
    """Run Prometheus's own tool, and fail with what it says."""
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@with_promtool
def test_each_alert_is_raised_when_it_should_be_and_only_then() -> None:
    """Tried by Prometheus itself."""
    promtool("test", "rules", TRIALS_FILE)


@with_promtool
def test_prometheus_reads_the_alerts_and_what_the_dashboard_asks(tmp_path: Path) -> None:
    """Every expression is one; Grafana's variables are filled in as Grafana does."""
    asked = [
        expression.replace("$__rate_interval", "5m").replace("$job", ".*").replace("$instance", "")
        for expression in expressions()
    ]
    recorded = [{"record": f"panel:{number}", "expr": one} for number, one in enumerate(asked)]
    panels = tmp_path / "panels.yml"
    panels.write_text(json.dumps({"groups": [{"name": "panels", "rules": recorded}]}))
    promtool("check", "rules", DEPLOY / "alerts.yml", panels)
