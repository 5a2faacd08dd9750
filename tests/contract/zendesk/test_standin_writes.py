"""What the stand-in for Zendesk keeps: tickets, comments, people and files."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from sandbox.serve import StandIn

Ask = Callable[..., Awaitable[Any]]
ACME = 360_001
ADA = 3_600_010  # of acme
BRIGHT_ADA = 3_600_020


def ticket(**changes: object) -> dict[str, Any]:
    plain = {
        "subject": "Pump leaks",
        "comment": {"body": "Since today.", "author_id": ADA},
        "requester_id": ADA,
        "organization_id": ACME,
    }
    return {"ticket": {name: value for name, value in (plain | changes).items() if value is not None}}


def comment(body: str, **more: object) -> dict[str, Any]:
    return {"ticket": {"comment": {"body": body, "author_id": ADA, **more}}}


@pytest.fixture
def upload(http: aiohttp.ClientSession) -> Ask:
    async def hand_in(content: bytes, name: str = "a b.png", **params: str) -> Any:
        headers = {"Content-Type": "image/png"}
        asked = {"filename": name, **params}
        async with http.post("/api/v2/uploads", params=asked, data=content, headers=headers) as response:
            assert response.status == 201
            return (await response.json())["upload"]

    return hand_in


async def test_a_ticket_that_is_made_is_found_everywhere(get: Ask, send: Ask) -> None:
    made = await send("POST", "/tickets", ticket(external_id="key-1", priority="high", type="task"), 201)
    found = made["ticket"]
    assert (found["status"], found["organization_id"], found["requester_id"]) == ("new", ACME, ADA)
    assert (found["priority"], found["type"], found["description"]) == ("high", "task", "Since today.")
    assert made["audit"]["events"][0]["author_id"] == ADA
    assert (await get(f"/tickets/{found['id']}"))["ticket"] == found
    listed = await get(f"/organizations/{ACME}/tickets", **{"page[size]": 1, "sort": "-updated_at"})
    assert listed["tickets"] == [found]
    assert (await get("/tickets", external_id="key-1"))["tickets"] == [found]
    query = f"type:ticket organization:{ACME} status:new external_id:key-1"
    assert (await get("/search", query=query))["count"] == 1


async def test_who_names_no_author_is_the_client_itself(get: Ask, send: Ask) -> None:
    made = await send("POST", "/tickets", ticket(comment={"body": "Hello"}), 201)
    said = (await get(f"/tickets/{made['ticket']['id']}/comments", include="users"))["comments"][0]
    assert said["author_id"] == made["ticket"]["submitter_id"] != ADA


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"comment": None}, "base", "BlankValue"),
        ({"comment": {"body": "  "}}, "base", "BlankValue"),
        ({"comment": "text"}, "comment", "InvalidValue"),
        ({"comment": {"body": "x" * 65_536}}, "body", "ValueTooLong"),
        ({"comment": {"body": "x", "author_id": 77}}, "author", "InvalidValue"),
        ({"comment": {"body": "x", "uploads": ["none"]}}, "uploads", "InvalidValue"),
        ({"subject": "x" * 256}, "subject", "ValueTooLong"),
        ({"priority": "soon"}, "priority", "InvalidValue"),
        ({"type": "wish"}, "type", "InvalidValue"),
        ({"status": "late"}, "status", "InvalidValue"),
        ({"requester_id": 77}, "requester", "InvalidValue"),
        ({"requester_id": BRIGHT_ADA}, "organization", "InvalidValue"),
        ({"organization_id": 77}, "organization", "InvalidValue"),
        ({"metadata": {"note": "x" * 1025}}, "metadata", "ValueTooLong"),
    ],
)
async def test_tickets_that_are_refused_leave_nothing_behind(
    get: Ask, send: Ask, changes: dict[str, Any], field: str, code: str
) -> None:
    refused = await send("POST", "/tickets", ticket(**changes), 422)
    assert (refused["error"], refused["description"]) == ("RecordInvalid", "Record validation errors")
    assert [(name, entries[0]["error"]) for name, entries in refused["details"].items()] == [(field, code)]
    assert (await get(f"/organizations/{ACME}/tickets/count"))["count"]["value"] == 44


async def test_a_body_that_is_no_ticket(http: aiohttp.ClientSession, send: Ask) -> None:
    assert "error" in await send("POST", "/tickets", {"tickets": []}, 400)
    async with http.post("/api/v2/tickets", data=b"{") as response:
        assert response.status == 422


async def test_the_same_key_gives_the_same_ticket(
    http: aiohttp.ClientSession, get: Ask, send: Ask, clock: Any
) -> None:
    answers = []
    for _ in range(2):
        headers = {"Idempotency-Key": "key-1"}
        async with http.post("/api/v2/tickets", json=ticket(), headers=headers) as response:
            assert response.status == 201
            answers.append((response.headers["x-idempotency-lookup"], await response.json()))
            assert response.headers["Location"].endswith(f"/{answers[0][1]['ticket']['id']}.json")
    assert [lookup for lookup, _ in answers] == ["miss", "hit"]
    assert answers[0][1] == answers[1][1]
    refused = await send("POST", "/tickets", ticket(subject="Other"), 400, Idempotency_Key="key-1")
    assert refused["error"] == "IdempotentRequestError"
    await send("POST", "/tickets", ticket(), 400, Idempotency_Key="k" * 256)
    other = await send("POST", "/tickets", ticket(), 201, Idempotency_Key="key-2")
    assert other["ticket"]["id"] != answers[0][1]["ticket"]["id"]
    assert (await get(f"/organizations/{ACME}/tickets/count"))["count"]["value"] == 46
    clock.seconds += 7200  # a key is kept for two hours
    await send("POST", "/tickets", ticket(), 201, Idempotency_Key="key-1")
    assert (await get(f"/organizations/{ACME}/tickets/count"))["count"]["value"] == 47


async def test_a_refused_ticket_does_not_use_its_key_up(send: Ask) -> None:
    await send("POST", "/tickets", ticket(priority="soon"), 422, Idempotency_Key="key-1")
    await send("POST", "/tickets", ticket(), 201, Idempotency_Key="key-1")


async def test_a_comment_is_an_update_with_an_audit(get: Ask, send: Ask) -> None:
    before = (await get("/tickets/1001"))["ticket"]
    assert before["status"] == "pending"
    body = comment("It still does.")
    body["ticket"] |= {"metadata": {"portal_key": "k1"}}
    answer = await send("PUT", "/tickets/1001", body, 200)
    assert answer["ticket"]["status"] == "open"  # a customer answered
    assert answer["ticket"]["updated_at"] > before["updated_at"]
    assert answer["audit"]["metadata"]["custom"] == {"portal_key": "k1"}
    events = {event["type"]: event for event in answer["audit"]["events"]}
    assert (events["Comment"]["body"], events["Comment"]["public"]) == ("It still does.", True)
    assert (events["Change"]["field_name"], events["Change"]["previous_value"]) == ("status", "pending")
    audits = await get("/tickets/1001/audits", sort="-created_at", **{"page[size]": 1})
    assert audits["audits"] == [answer["audit"]]
    said = (await get("/tickets/1001/comments", sort="-created_at", **{"page[size]": 1}))["comments"][0]
    assert (said["id"], said["author_id"]) == (events["Comment"]["id"], ADA)
    assert said["metadata"]["custom"] == {"portal_key": "k1"}


async def test_an_internal_comment_opens_nothing(get: Ask, send: Ask) -> None:
    answer = await send("PUT", "/tickets/1001", comment("Psst", public=False, author_id=9001), 200)
    assert answer["ticket"]["status"] == "pending"
    said = (await get("/tickets/1001/comments", sort="-created_at", **{"page[size]": 1}))["comments"][0]
    assert (said["public"], said["body"]) == (False, "Psst")


async def test_a_solved_ticket_tells_when(get: Ask, send: Ask) -> None:
    await send("PUT", "/tickets/1000", {"ticket": {"status": "solved"}}, 200)
    solved = (await get("/tickets/1000", include="dates"))["ticket"]
    assert solved["dates"]["solved_at"] == solved["updated_at"]
    await send("PUT", "/tickets/1000", comment("Not at all"), 200)
    opened = (await get("/tickets/1000", include="dates"))["ticket"]
    assert (opened["status"], opened["dates"]["solved_at"]) == ("open", None)


async def test_a_safe_update_is_refused_once_the_ticket_has_changed(get: Ask, send: Ask) -> None:
    stamp = (await get("/tickets/1000"))["ticket"]["updated_at"]
    body = comment("First")
    body["ticket"] |= {"safe_update": True, "updated_stamp": stamp}
    await send("PUT", "/tickets/1000", body, 200)
    refused = await send("PUT", "/tickets/1000", body, 409)
    assert refused["error"] == "UpdateConflict"
    body["ticket"]["updated_stamp"] = (await get("/tickets/1000"))["ticket"]["updated_at"]
    await send("PUT", "/tickets/1000", body, 200)
    for bad in ("yesterday", "2026-06-30T12:00:00"):
        body["ticket"]["updated_stamp"] = bad
        assert "updated_stamp" in (await send("PUT", "/tickets/1000", body, 422))["details"]
    bodies = [one["body"] for one in (await get("/tickets/1000/comments"))["comments"]]
    assert bodies.count("First") == 2


async def test_closed_and_deleted_tickets_take_no_comment(
    http: aiohttp.ClientSession, get: Ask, send: Ask
) -> None:
    refused = await send("PUT", "/tickets/1005", comment("Hello?"), 422)
    assert refused["details"]["status"][0]["description"] == "Status: closed prevents ticket update"
    async with http.delete("/api/v2/tickets/1000") as response:
        assert response.status == 204
    await send("PUT", "/tickets/1000", comment("Hello?"), 404)
    await get("/tickets/1000", 404)
    assert (await get("/tickets/show_many", ids="1000"))["tickets"] == []


async def test_people_are_one_of_a_kind(get: Ask, send: Ask) -> None:
    email = {"name": "Eve", "email": "ADA@acme.example", "external_id": "usr_eve"}
    refused = await send("POST", "/users", {"user": email}, 422)
    assert refused["details"]["email"][0]["error"] == "DuplicateValue"
    subject = {"name": "Eve", "external_id": "usr_acme_0"}
    assert "external_id" in (await send("POST", "/users", {"user": subject}, 422))["details"]
    for bad, field in (({"name": " "}, "name"), ({"name": "E", "email": "eve"}, "email")):
        assert field in (await send("POST", "/users", {"user": bad}, 422))["details"]
    made = (await send("POST", "/users", {"user": {"name": "Eve", "external_id": "usr_eve"}}, 201))["user"]
    assert (made["role"], made["email"], made["organization_id"]) == ("end-user", None, None)
    assert (await get("/users/show_many", external_ids="usr_eve"))["users"] == [made]


async def test_a_requester_must_belong_to_the_organization(get: Ask, send: Ask) -> None:
    user = (await send("POST", "/users", {"user": {"name": "Eve", "external_id": "usr_eve"}}, 201))["user"]
    wanted = ticket(requester_id=user["id"])
    assert "organization" in (await send("POST", "/tickets", wanted, 422))["details"]
    join = {"organization_membership": {"user_id": user["id"], "organization_id": ACME}}
    made = (await send("POST", "/organization_memberships", join, 201))["organization_membership"]
    assert (made["user_id"], made["organization_id"], made["default"]) == (user["id"], ACME, True)
    again = await send("POST", "/organization_memberships", join, 422)
    assert again["details"]["user_id"][0]["error"] == "DuplicateValue"
    await send("POST", "/tickets", wanted, 201)
    kept = await get(f"/users/{user['id']}/organization_memberships")
    assert [one["id"] for one in kept["organization_memberships"]] == [made["id"]]
    assert kept["count"] == 1


async def test_a_file_goes_in_and_comes_out(
    http: aiohttp.ClientSession, get: Ask, send: Ask, upload: Ask, system: StandIn
) -> None:
    content = bytes(range(256)) * 40
    given = await upload(content)
    assert given["attachment"]["file_name"] == "a b.png"
    assert given["expires_at"] == "2026-06-30T13:00:00Z"
    await send("PUT", "/tickets/1000", comment("See here", uploads=[given["token"]]), 200)
    said = (await get("/tickets/1000/comments", sort="-created_at", **{"page[size]": 1}))["comments"][0]
    (attached,) = said["attachments"]
    assert (attached["size"], attached["content_type"]) == (len(content), "image/png")
    shown = (await get(f"/attachments/{attached['id']}"))["attachment"]
    assert shown == attached
    async with aiohttp.ClientSession() as stranger:  # no token: knowing the address is enough
        async with stranger.get(shown["content_url"], allow_redirects=False) as response:
            assert response.status == 302
            place = response.headers["Location"]
        async with stranger.get(place) as response:
            assert response.headers["Content-Type"] == "image/png"
            assert await response.read() == content
    async with http.get(place.removeprefix(system.url)) as response:
        assert response.status == 400, "the content host takes no bearer beside its own proof"
    again = await send("PUT", "/tickets/1000", comment("And here", uploads=[given["token"]]), 422)
    assert "uploads" in again["details"]


async def test_uploads_wait_for_an_hour_and_can_be_withdrawn(
    http: aiohttp.ClientSession, send: Ask, upload: Ask, clock: Any
) -> None:
    given = await upload(b"one")
    both = await upload(b"two", "b.png", token=given["token"])
    assert [one["file_name"] for one in both["attachments"]] == ["a b.png", "b.png"]
    withdrawn = await upload(b"three")
    async with http.delete(f"/api/v2/uploads/{withdrawn['token']}") as response:
        assert response.status == 204
    await send("PUT", "/tickets/1000", comment("x", uploads=[withdrawn["token"]]), 422)
    clock.seconds += 3600
    await send("PUT", "/tickets/1000", comment("x", uploads=[given["token"]]), 422)
    async with http.post("/api/v2/uploads", data=b"x") as response:
        assert response.status == 400


async def test_unknown_secrets_open_nothing(http: aiohttp.ClientSession) -> None:
    for path in ("/attachments/token/guessed/", "/attachment/content/guessed"):
        async with http.get(path) as response:
            assert response.status == 404


async def test_every_stand_in_has_a_state_of_its_own(get: Ask) -> None:
    assert (await get(f"/organizations/{ACME}/tickets/count"))["count"]["value"] == 44
