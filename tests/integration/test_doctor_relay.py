"""The doctor reports each way in which a relay can fail, with advice."""

from dataclasses import replace

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from bot.doctor.network import describe_connection_error
from bot.doctor.report import Area, State
from sandbox.relay import UnknownPathFormat, UnknownTaskFormat
from sandbox.relay.faults import (
    Fault,
    answers,
    cut_before_headers,
    cut_in_body,
    forbidden,
    out_of_quota,
    rate_limited,
    redirects,
    server_error,
    slow_drip,
    slow_headers,
    suno_error,
    unauthorized,
)
from tests.support.doctor_harness import DoctorHarness

UNREACHABLE = "http://127.0.0.1:9"
"""A URL where nothing listens."""


async def test_a_working_relay_is_reported_with_its_batch_path(
    doctor: DoctorHarness,
) -> None:
    """The doctor looks up one random id, which nobody can have."""
    run = await doctor.run()
    assert run.not_ok(Area.RELAY) == []
    assert "POST /suno/fetch" in run.result(Area.RELAY, "path").text
    assert "accepts" in run.result(Area.RELAY, "key").text
    (task_id,) = {id_ for request in doctor.sandbox.relay.requests for id_ in request.ids}
    assert len(task_id) == 36


@pytest.mark.parametrize(
    ("fault", "check", "says", "advice"),
    [
        (unauthorized(), "key", "refuses the key", "SUNO_API_KEY"),
        (unauthorized("text"), "key", "refuses the key", "SUNO_API_KEY"),
        (forbidden(), "key", "refuses the key", "SUNO_API_KEY"),
        (out_of_quota(), "key", "no credit", "Top the account up"),
        (out_of_quota(429), "key", "no credit", "Top the account up"),
        (server_error(502), "answers", "in trouble", "operator"),
        (answers(200, b"\x00 no JSON"), "path", "as no relay does", "SUNO_BASE_URL"),
        (answers(404, suno_error("no", "task not found")), "path", "as no", "SUNO_FETCH_PATH"),
        (answers(400, suno_error("no", "task_not_exist")), "path", "as no", "SUNO_FETCH_PATH"),
        (cut_before_headers(), "answers", "cut", "SUNO_BASE_URL"),
        (cut_in_body(), "answers", "in trouble (the answer broke off)", "SUNO_BASE_URL"),
        (redirects("https://elsewhere.example/"), "answers", "another host", "SUNO_BASE_URL"),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
async def test_each_failure_of_a_relay_is_reported_with_what_to_do(
    doctor: DoctorHarness, fault: Fault, check: str, says: str, advice: str
) -> None:
    """It is a problem, and the other areas are checked all the same."""
    doctor.sandbox.relay.faults.add(fault)
    run = await doctor.run()
    result = run.result(Area.RELAY, check)
    assert result.state is State.PROBLEM
    assert says in result.text
    assert advice in result.advice
    assert run.result(Area.DISCORD, "token").state is State.OK


async def test_a_rate_limit_of_the_relay_is_a_warning(doctor: DoctorHarness) -> None:
    """The bot waits in such a case, and nothing is lost."""
    doctor.sandbox.relay.faults.add(rate_limited("60"))
    result = (await doctor.run()).result(Area.RELAY, "answers")
    assert result.state is State.WARNING
    assert "POLL_REQUESTS_PER_SECOND" in result.advice


async def test_a_wrong_key_is_reported_without_the_key(doctor: DoctorHarness) -> None:
    """``run_checks`` asserts that the key is in no output."""
    run = await doctor.run(SUNO_API_KEY="sk-of-somebody-else")
    assert run.result(Area.RELAY, "key").state is State.PROBLEM


async def test_an_unreachable_relay_is_reported_with_its_url(doctor: DoctorHarness) -> None:
    """The advice names the setting that holds the URL."""
    result = (await doctor.run(SUNO_BASE_URL=UNREACHABLE)).result(Area.RELAY, "answers")
    assert result.state is State.PROBLEM
    assert UNREACHABLE in result.text
    assert "nothing listens" in result.text
    assert "SUNO_BASE_URL" in result.advice


async def test_a_server_without_tls_is_reported_as_such(doctor: DoctorHarness) -> None:
    """The most common mistake is https:// where http:// is served."""
    address = doctor.sandbox.relay.base_url.replace("http:", "https:")
    result = (await doctor.run(SUNO_BASE_URL=address)).result(Area.RELAY, "answers")
    assert "TLS" in result.text
    assert "SUNO_BASE_URL" in result.advice


def test_a_host_name_that_does_not_resolve_is_described_as_such() -> None:
    """The test makes the error by hand and resolves no name."""
    key = ConnectionKey("relay.example", 443, True, True, None, None, None)
    error = aiohttp.ClientConnectorDNSError(key, OSError(-2, "Name or service not known"))
    text, advice = describe_connection_error(error, "SUNO_BASE_URL")
    assert "DNS" in text
    assert "SUNO_BASE_URL" in advice


async def test_the_discovered_path_is_reported_if_the_configured_one_fails(
    doctor: DoctorHarness,
) -> None:
    """The bot discovers it by itself; the setting saves the failing request."""
    relay = doctor.sandbox.relay
    relay.response_format = replace(relay.response_format, paths=frozenset({"/suno/submit/fetch"}))
    result = (await doctor.run()).result(Area.RELAY, "path")
    assert result.state is State.WARNING
    assert "SUNO_FETCH_PATH=/suno/submit/fetch" in result.advice


@pytest.mark.parametrize("elsewhere", list(UnknownPathFormat))
async def test_a_server_without_any_of_the_paths_is_a_problem(
    doctor: DoctorHarness, elsewhere: UnknownPathFormat
) -> None:
    """Whatever it answers on unknown paths, even a web page with status 200."""
    relay = doctor.sandbox.relay
    relay.response_format = replace(
        relay.response_format, paths=frozenset(), unknown_path=elsewhere
    )
    result = (await doctor.run()).result(Area.RELAY, "path")
    assert result.state is State.PROBLEM
    assert "SUNO_BASE_URL and SUNO_FETCH_PATH" in result.advice


@pytest.mark.parametrize("path", ["/suno/tasks/fetch", "/task/not/found"])
async def test_a_path_that_reads_like_a_task_error_is_a_problem(
    doctor: DoctorHarness, path: str
) -> None:
    """An error that repeats the path does not prove that the relay knows no such task."""
    relay = doctor.sandbox.relay
    relay.response_format = replace(
        relay.response_format, paths=frozenset(), unknown_path=UnknownPathFormat.REPEATED
    )
    result = (await doctor.run(SUNO_FETCH_PATH=path)).result(Area.RELAY, "path")
    assert result.state is State.PROBLEM


@pytest.mark.parametrize("unknown", [UnknownTaskFormat.NOT_EXIST, UnknownTaskFormat.NOT_FOUND])
async def test_a_relay_with_single_lookups_only_is_a_warning(
    doctor: DoctorHarness, unknown: UnknownTaskFormat
) -> None:
    """The text says that only a task of one's own can prove that they work."""
    relay = doctor.sandbox.relay
    relay.response_format = replace(
        relay.response_format, paths=frozenset({"/suno/fetch/{id}"}), task_with_id_only=unknown
    )
    result = (await doctor.run()).result(Area.RELAY, "path")
    assert result.state is State.WARNING
    assert "single look-ups seem to work" in result.text


async def test_an_invalid_relay_url_is_a_problem(doctor: DoctorHarness) -> None:
    """The relay profile refuses what the settings accept."""
    result = (await doctor.run(SUNO_FETCH_PATH="/suno/{id}")).result(Area.RELAY, "address")
    assert result.state is State.PROBLEM
    assert "SUNO_FETCH_PATH" in result.advice


@pytest.mark.parametrize("fault", [slow_headers(), slow_drip()], ids=lambda fault: fault.name)
async def test_a_relay_that_never_answers_stops_no_other_area(
    doctor: DoctorHarness, fault: Fault
) -> None:
    """Its checks end at their time limit, and all other areas are reported."""
    doctor.sandbox.relay.faults.add(fault)
    run = await doctor.run(time_limit=2.0)
    assert run.not_ok(Area.RELAY) == ["answers"]
    assert "in time" in run.printed or "no whole answer" in run.printed
    assert run.result(Area.DISCORD, "token").state is State.OK
    assert run.result(Area.DATABASE, "file").state is State.OK
