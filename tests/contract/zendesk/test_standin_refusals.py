"""What the stand-in for Zendesk refuses, and how: tokens, addresses, values and too many calls."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from sandbox.data import DataSet
from sandbox.serve import StandIn
from sandbox.zendesk import stand_in

Ask = Callable[..., Awaitable[Any]]
CLIENT = {"client_id": "portal", "client_secret": "desk-secret-0123456789"}


@pytest.fixture
async def plain(system: StandIn) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(system.url) as session:
        yield session


async def grant(session: aiohttp.ClientSession, status: int = 200, /, **form: str) -> Any:
    async with session.post("/oauth/tokens", data={**CLIENT, **form}) as response:
        body = await response.json()
        assert response.status == status, body
        return body


async def seen(session: aiohttp.ClientSession, token: str | None) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    async with session.get("/api/v2/users/me", headers=headers) as response:
        return response.status, await response.json()


async def test_a_token_is_asked_for_in_json_too(plain: aiohttp.ClientSession) -> None:
    body = {**CLIENT, "grant_type": "client_credentials", "scope": "tickets:read"}
    async with plain.post("/oauth/tokens", json=body) as response:
        given = await response.json()
        assert response.headers["Cache-Control"] == "no-store"
    assert (given["token_type"], given["scope"], given["expires_in"]) == ("bearer", "tickets:read", 1800)
    assert (await seen(plain, given["access_token"]))[0] == 200


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "client_credentials", "client_secret": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "other"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "none"}, 400, "invalid_grant"),
        ({"grant_type": "client_credentials", "expires_in": "10"}, 400, "invalid_request"),
    ],
)
async def test_grants_that_are_refused(
    plain: aiohttp.ClientSession, form: dict[str, str], status: int, error: str
) -> None:
    assert (await grant(plain, status, **form))["error"] == error


async def test_a_refresh_token_is_good_once_and_ends_the_pair_before(plain: aiohttp.ClientSession) -> None:
    first = await grant(plain, grant_type="client_credentials")
    second = await grant(plain, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert (await seen(plain, first["access_token"]))[0] == 401
    assert (await seen(plain, second["access_token"]))[0] == 200
    again = await grant(plain, 400, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert again["error"] == "invalid_grant"
    assert (await seen(plain, second["access_token"]))[0] == 200


async def test_a_token_ends_with_its_time(plain: aiohttp.ClientSession, clock: Any) -> None:
    given = await grant(plain, grant_type="client_credentials", expires_in="300")
    clock.seconds += 299
    assert (await seen(plain, given["access_token"]))[0] == 200
    clock.seconds += 1
    status, body = await seen(plain, given["access_token"])
    assert (status, body["error"]) == (401, "invalid_token")
    renewed = await grant(plain, grant_type="refresh_token", refresh_token=given["refresh_token"])
    clock.seconds += 31 * 86400
    late = await grant(plain, 400, grant_type="refresh_token", refresh_token=renewed["refresh_token"])
    assert late["error"] == "invalid_grant"


async def test_nobody_gets_in_without_a_token(plain: aiohttp.ClientSession) -> None:
    assert await seen(plain, None) == (401, {"error": "Couldn't authenticate you"})
    assert (await seen(plain, "guessed"))[1]["error"] == "invalid_token"


@pytest.mark.parametrize(
    ("path", "params", "status", "error"),
    [
        ("/tickets/999999", {}, 404, "RecordNotFound"),
        ("/tickets/1044", {}, 404, "RecordNotFound"),
        ("/tickets/1044/comments", {}, 404, "RecordNotFound"),
        ("/organizations/77/tickets", {}, 404, "RecordNotFound"),
        ("/users/77", {}, 404, "RecordNotFound"),
        ("/attachments/77", {}, 404, "RecordNotFound"),
        ("/help_center/en-us/articles/77", {}, 404, "RecordNotFound"),
        ("/help_center/xx/articles", {}, 404, "RecordNotFound"),
        ("/help_center/en-us/sections/77/articles", {}, 404, "RecordNotFound"),
        ("/colours", {}, 404, "InvalidEndpoint"),
        ("/tickets/1000 OR 1", {}, 400, {"title": "Invalid attribute"}),
        ("/tickets/show_many", {}, 400, {"title": "Missing parameter"}),
        ("/tickets/show_many", {"ids": "1,x"}, 400, {"title": "Invalid attribute"}),
        ("/tickets/show_many", {"ids": ",".join(map(str, range(101)))}, 400, "TooManyValues"),
        ("/tickets", {"page[size]": 101}, 400, "InvalidPaginationParameter"),
        ("/tickets", {"page[size]": 0}, 400, "InvalidPaginationParameter"),
        ("/tickets", {"page[size]": 5, "sort": "created_at"}, 400, "InvalidPaginationParameter"),
        ("/tickets", {"page[size]": 5, "page[after]": "garbage"}, 400, "InvalidPaginationParameter"),
        ("/tickets", {"page": 101}, 400, "InvalidPaginationParameter"),
        ("/tickets", {"sort_by": "colour"}, 400, "InvalidPaginationParameter"),
        ("/search", {"query": ""}, 422, "invalid"),
        ("/search", {"query": "organization:360001"}, 422, "invalid"),
        ("/search", {"query": "type:ticket colour:red"}, 422, "invalid"),
        ("/search", {"query": "type:ticket status:late"}, 422, "invalid"),
        ("/search", {"query": "type:ticket", "page": 11, "per_page": 100}, 422, "invalid"),
        ("/search", {"query": "type:ticket", "page[size]": 5}, 422, "invalid"),
        ("/help_center/articles/search", {}, 400, "BadRequest"),
    ],
)
async def test_what_zendesk_refuses(
    get: Ask, path: str, params: dict[str, Any], status: int, error: str | dict[str, str]
) -> None:
    found = (await get(path, status, **params))["error"]
    if isinstance(error, dict):
        found = {"title": found["title"]}
    assert found == error


async def test_a_cursor_belongs_to_its_sort(get: Ask) -> None:
    body = await get("/tickets", **{"page[size]": 5, "sort": "id"})
    refused = await get(
        "/tickets", 400, **{"page[size]": 5, "sort": "-id", "page[after]": body["meta"]["after_cursor"]}
    )
    assert refused["error"] == "InvalidPaginationParameter"


async def test_more_calls_than_the_plan_has(data: DataSet, clock: Any) -> None:
    async with (
        stand_in(data, **CLIENT, now=clock, rate_limit=3) as system,
        aiohttp.ClientSession(system.url) as session,
    ):
        given = await grant(session, grant_type="client_credentials")
        clock.seconds += 15  # the tests' clock starts with a minute
        for _ in range(3):
            assert (await seen(session, given["access_token"]))[0] == 200
        headers = {"Authorization": f"Bearer {given['access_token']}"}
        async with session.get("/api/v2/users/me", headers=headers) as response:
            assert response.status == 429
            assert (await response.json())["error"] == "APIRateLimitExceeded"
            wait = int(response.headers["Retry-After"])
        assert 45 <= wait <= 46
        clock.seconds += wait
        assert (await seen(session, given["access_token"]))[0] == 200


async def test_faults_speak_as_zendesk_does(system: StandIn, http: aiohttp.ClientSession) -> None:
    await system.fault("throttled")
    async with http.get("/api/v2/users/me") as response:
        assert (response.status, (await response.json())["error"]) == (429, "APIRateLimitExceeded")
        assert response.headers["Retry-After"] == "2"
    await system.fault("broken")
    async with http.get("/api/v2/users/me") as response:
        assert (response.status, (await response.json())["error"]) == (500, "InternalServerError")


async def test_the_secret_is_not_in_the_record_of_calls(system: StandIn, get: Ask) -> None:
    await get("/users/me")
    assert system.calls[-1].headers["authorization"] == "(hidden)"
