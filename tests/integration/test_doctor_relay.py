"""What the doctor says of the relay: every way in which it can be broken has its advice."""

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

NOBODY = "http://127.0.0.1:9"
"""Where nothing listens."""


async def test_a_relay_in_good_health_answers_takes_the_key_and_has_the_batch(
    doctor: DoctorHarness,
) -> None:
    """It is asked for an id that nobody can have, and the path that works is named."""
    visit = await doctor.run()
    assert visit.troubles(Area.RELAY) == []
    assert "POST /suno/fetch" in visit.found(Area.RELAY, "path").text
    assert "accepted" in visit.found(Area.RELAY, "key").text
    asked = {id_ for look in doctor.sandbox.relay.requests for id_ in look.ids}
    assert len(asked) == 1
    assert len(asked.pop()) == 36


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
async def test_each_trouble_of_a_relay_is_named_with_what_to_do(
    doctor: DoctorHarness, fault: Fault, check: str, says: str, advice: str
) -> None:
    """A problem, while everything else is looked at all the same."""
    doctor.sandbox.relay.faults.add(fault)
    visit = await doctor.run()
    found = visit.found(Area.RELAY, check)
    assert found.state is State.PROBLEM
    assert says in found.text
    assert advice in found.advice
    assert visit.found(Area.DISCORD, "token").state is State.OK


async def test_a_relay_that_limits_the_rate_is_only_a_warning(doctor: DoctorHarness) -> None:
    """The bot itself waits in such a case, and nothing is lost."""
    doctor.sandbox.relay.faults.add(rate_limited("60"))
    found = (await doctor.run()).found(Area.RELAY, "answers")
    assert found.state is State.WARNING
    assert "POLL_REQUESTS_PER_SECOND" in found.advice


async def test_a_wrong_key_is_told_without_the_key(doctor: DoctorHarness) -> None:
    """The visit itself makes sure that no key is printed."""
    visit = await doctor.run(SUNO_API_KEY="sk-of-somebody-else")
    assert visit.found(Area.RELAY, "key").state is State.PROBLEM


async def test_a_relay_that_is_gone_is_told_by_its_address(doctor: DoctorHarness) -> None:
    """And the setting that holds the address."""
    found = (await doctor.run(SUNO_BASE_URL=NOBODY)).found(Area.RELAY, "answers")
    assert found.state is State.PROBLEM
    assert NOBODY in found.text
    assert "nothing listens" in found.text
    assert "SUNO_BASE_URL" in found.advice


async def test_a_server_that_does_not_speak_tls_is_told_so(doctor: DoctorHarness) -> None:
    """The commonest slip: https:// where http:// is served."""
    address = doctor.sandbox.relay.base_url.replace("http:", "https:")
    found = (await doctor.run(SUNO_BASE_URL=address)).found(Area.RELAY, "answers")
    assert "TLS" in found.text
    assert "SUNO_BASE_URL" in found.advice


def test_a_name_that_is_not_known_is_told_as_such() -> None:
    """No name is looked up for it here."""
    key = ConnectionKey("relay.example", 443, True, True, None, None, None)
    error = aiohttp.ClientConnectorDNSError(key, OSError(-2, "Name or service not known"))
    text, advice = describe_connection_error(error, "SUNO_BASE_URL")
    assert "DNS" in text
    assert "SUNO_BASE_URL" in advice


async def test_the_path_that_works_is_told_where_the_configured_one_does_not(
    doctor: DoctorHarness,
) -> None:
    """The bot finds it by itself; the setting saves the detour."""
    relay = doctor.sandbox.relay
    relay.response_format = replace(relay.response_format, paths=frozenset({"/suno/submit/fetch"}))
    found = (await doctor.run()).found(Area.RELAY, "path")
    assert found.state is State.WARNING
    assert "SUNO_FETCH_PATH=/suno/submit/fetch" in found.advice


@pytest.mark.parametrize("elsewhere", list(UnknownPathFormat))
async def test_a_server_without_any_of_the_paths_is_a_problem(
    doctor: DoctorHarness, elsewhere: UnknownPathFormat
) -> None:
    """Whatever it answers there, be it its own front page with status 200."""
    relay = doctor.sandbox.relay
    relay.response_format = replace(
        relay.response_format, paths=frozenset(), unknown_path=elsewhere
    )
    found = (await doctor.run()).found(Area.RELAY, "path")
    assert found.state is State.PROBLEM
    assert "SUNO_BASE_URL and SUNO_FETCH_PATH" in found.advice


@pytest.mark.parametrize("path", ["/suno/tasks/fetch", "/task/not/found"])
async def test_a_path_that_sounds_like_a_task_is_a_problem(
    doctor: DoctorHarness, path: str
) -> None:
    """A server that repeats the path does not say that it knows no task."""
    relay = doctor.sandbox.relay
    relay.response_format = replace(
        relay.response_format, paths=frozenset(), unknown_path=UnknownPathFormat.REPEATED
    )
    found = (await doctor.run(SUNO_FETCH_PATH=path)).found(Area.RELAY, "path")
    assert found.state is State.PROBLEM


@pytest.mark.parametrize("unknown", [UnknownTaskFormat.NOT_EXIST, UnknownTaskFormat.NOT_FOUND])
async def test_a_relay_with_single_look_ups_only_is_a_warning(
    doctor: DoctorHarness, unknown: UnknownTaskFormat
) -> None:
    """That they work can only be seen by a task of one's own, and is said so."""
    relay = doctor.sandbox.relay
    relay.response_format = replace(
        relay.response_format, paths=frozenset({"/suno/fetch/{id}"}), task_with_id_only=unknown
    )
    found = (await doctor.run()).found(Area.RELAY, "path")
    assert found.state is State.WARNING
    assert "single look-ups seem to work" in found.text


async def test_an_address_that_no_relay_can_have_is_told(doctor: DoctorHarness) -> None:
    """What the settings let pass, the relay looks at more closely."""
    found = (await doctor.run(SUNO_FETCH_PATH="/suno/{id}")).found(Area.RELAY, "address")
    assert found.state is State.PROBLEM
    assert "SUNO_FETCH_PATH" in found.advice


@pytest.mark.parametrize("fault", [slow_headers(), slow_drip()], ids=lambda fault: fault.name)
async def test_a_relay_that_never_answers_holds_nothing_up(
    doctor: DoctorHarness, fault: Fault
) -> None:
    """Its time is limited, and all else is told."""
    doctor.sandbox.relay.faults.add(fault)
    visit = await doctor.run(time_limit=2.0)
    assert visit.troubles(Area.RELAY) == ["answers"]
    assert "in time" in visit.printed or "no whole answer" in visit.printed
    assert visit.found(Area.DISCORD, "token").state is State.OK
    assert visit.found(Area.DATABASE, "file").state is State.OK
