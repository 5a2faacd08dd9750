"""What the stand-in for Zendesk shows and how it pages: as Zendesk does."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sandbox.data import DataSet
from sandbox.data.desk import HIDDEN_REMARK, PARTNER_SEGMENT, STAFF_SEGMENT
from sandbox.serve import StandIn

Ask = Callable[..., Awaitable[Any]]
ACME = 360_001


def of_acme(data: DataSet) -> list[Any]:
    return [row for row in data.desk.tickets if row.org == ACME and not row.deleted]


async def test_a_ticket_is_told_as_zendesk_does(get: Ask, data: DataSet) -> None:
    row = data.desk.tickets[0]
    body = await get(f"/tickets/{row.id}", include="users,dates,metric_sets")
    ticket = body["ticket"]
    assert ticket["organization_id"] == row.org
    assert (ticket["subject"], ticket["status"], ticket["priority"]) == (row.subject, "open", "normal")
    assert ticket["description"] == row.comments[0].body
    assert ticket["updated_at"] == row.updated.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert "solved_at" not in ticket
    assert ticket["dates"]["solved_at"] is None
    assert ticket["metric_set"]["ticket_id"] == row.id
    users = {user["id"]: user for user in body["users"]}
    assert set(users) == {row.requester, row.assignee}
    assert (users[row.requester]["role"], users[row.assignee]["role"]) == ("end-user", "agent")
    assert users[row.requester]["external_id"] == "usr_acme_0"


async def test_many_tickets_leave_out_what_is_not_there(get: Ask, data: DataSet) -> None:
    deleted = next(row for row in data.desk.tickets if row.deleted)
    body = await get("/tickets/show_many", ids=f"1002,{deleted.id},999999,1000,1002")
    assert [ticket["id"] for ticket in body["tickets"]] == [1000, 1002]
    assert body["count"] == 2
    assert "users" not in body


async def test_the_address_may_end_with_json(get: Ask) -> None:
    assert (await get("/tickets/1000.json"))["ticket"]["id"] == 1000


@pytest.mark.parametrize("sort", ["-updated_at", "updated_at", "id", "-id", "status", "-status"])
async def test_pages_by_cursor_give_every_row_once_in_either_direction(
    get: Ask, data: DataSet, system: StandIn, sort: str
) -> None:
    seen: list[Any] = []
    asked: dict[str, object] = {"page[size]": 10, "sort": sort}
    while True:
        body = await get(f"/organizations/{ACME}/tickets", **asked)
        seen += body["tickets"]
        if not body["meta"]["has_more"]:
            break
        asked["page[after]"] = body["meta"]["after_cursor"]
    expected = of_acme(data)
    assert len(seen) == len({ticket["id"] for ticket in seen}) == len(expected) == 44
    assert len(system.calls) == 5
    assert all(ticket["organization_id"] == ACME for ticket in seen)
    name = sort.removeprefix("-")
    if name != "status":
        assert [ticket[name] for ticket in seen] == sorted(
            (ticket[name] for ticket in seen), reverse=sort.startswith("-")
        )
    back = await get(
        f"/organizations/{ACME}/tickets",
        **{"page[size]": 10, "sort": sort, "page[before]": body["meta"]["before_cursor"]},
    )
    assert [ticket["id"] for ticket in back["tickets"]] == [ticket["id"] for ticket in seen[30:40]]
    assert back["meta"]["has_more"] is True


async def test_a_cursor_stays_where_it_is_when_rows_come(get: Ask, send: Ask) -> None:
    asked = {"page[size]": 3, "sort": "-updated_at"}
    first = await get(f"/organizations/{ACME}/tickets", **asked)
    expected = await get(
        f"/organizations/{ACME}/tickets", **asked, **{"page[after]": first["meta"]["after_cursor"]}
    )
    await send("PUT", f"/tickets/{first['tickets'][-1]['id']}", {"ticket": {"priority": "low"}}, 200)
    second = await get(
        f"/organizations/{ACME}/tickets", **asked, **{"page[after]": first["meta"]["after_cursor"]}
    )
    assert second["tickets"] == expected["tickets"]


async def test_an_empty_list_has_no_cursors(get: Ask, data: DataSet) -> None:
    body = await get(f"/organizations/{data.accounts['empty'].desk_org}/tickets", **{"page[size]": 5})
    assert body["tickets"] == []
    assert body["meta"] == {"has_more": False, "after_cursor": None, "before_cursor": None}


async def test_pages_by_number_tell_the_count_and_where_the_next_is(get: Ask) -> None:
    body = await get(f"/organizations/{ACME}/tickets", per_page=40, sort_by="created_at", sort_order="desc")
    assert (body["count"], len(body["tickets"]), body["previous_page"]) == (44, 40, None)
    assert "page=2" in body["next_page"]
    assert "meta" not in body
    last = await get(f"/organizations/{ACME}/tickets", per_page=40, page=2)
    assert (len(last["tickets"]), last["next_page"]) == (4, None)
    assert (await get(f"/organizations/{ACME}/tickets/count"))["count"]["value"] == 44


async def test_internal_comments_stand_among_the_public_ones(get: Ask, data: DataSet) -> None:
    row = data.desk.tickets[0]
    body = await get(f"/tickets/{row.id}/comments", include="users", **{"page[size]": 2})
    assert [(one["id"], one["public"]) for one in body["comments"]] == [
        (said.id, said.public) for said in row.comments[:2]
    ]
    assert [one["public"] for one in body["comments"]] == [True, False]
    assert HIDDEN_REMARK in body["comments"][1]["plain_body"]
    assert body["meta"]["has_more"] is True
    assert {user["id"] for user in body["users"]} == {said.author for said in row.comments[:2]}
    said = body["comments"][0]
    assert said["plain_body"] == row.comments[0].body
    assert "<br>" in said["html_body"]
    assert "ticket_id" not in said
    newest = await get(f"/tickets/{row.id}/comments", sort="-created_at", **{"page[size]": 1})
    assert newest["comments"][0]["id"] == row.comments[-1].id


async def test_audits_hold_the_comments_newest_first_when_asked(get: Ask, data: DataSet) -> None:
    row = data.desk.tickets[0]
    body = await get(f"/tickets/{row.id}/audits", sort="-created_at", **{"page[size]": 2})
    assert [audit["events"][0]["id"] for audit in body["audits"]] == [
        said.id for said in reversed(row.comments[-2:])
    ]
    assert all(audit["ticket_id"] == row.id for audit in body["audits"])
    assert body["audits"][0]["metadata"]["custom"] == {}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("status<solved", {"new", "open", "pending", "hold"}),
        ("status:solved", {"solved"}),
        ("status:solved status:closed", {"solved", "closed"}),
        ("status>=solved", {"solved", "closed"}),
        ("status<=open -status:new", {"open"}),
        ("status>solved", {"closed"}),
    ],
)
async def test_a_search_finds_tickets_by_status(
    get: Ask, data: DataSet, condition: str, holds: set[str]
) -> None:
    query = f"type:ticket organization:{ACME} {condition}"
    body = await get(
        "/search", query=query, include="tickets(users)", sort_by="updated_at", sort_order="desc"
    )
    expected = [row for row in of_acme(data) if row.status in holds]
    assert {one["id"] for one in body["results"]} == {row.id for row in expected}
    assert body["count"] == len(expected) > 0
    assert {one["result_type"] for one in body["results"]} == {"ticket"}
    moments = [one["updated_at"] for one in body["results"]]
    assert moments == sorted(moments, reverse=True)
    assert {user["id"] for user in body["users"]} >= {row.requester for row in expected}


async def test_a_search_joins_several_organizations_by_or_and_words_by_and(get: Ask, data: DataSet) -> None:
    both = await get("/search", query="type:ticket organization:360001 organization:360002 bank")
    assert {one["organization_id"] for one in both["results"]} == {360001, 360002}
    assert {one["subject"] for one in both["results"]} == {"Change of bank account"}
    assert (await get("/search", query="type:ticket organization:360777"))["count"] == 0
    assert (await get("/search/count", query="type:ticket organization:360001"))["count"] == 44
    by_day = await get("/search", query="type:ticket created:2026-06-27 organization:360001")
    assert {one["id"] for one in by_day["results"]} == {1000, 1001}


async def test_the_help_centre_shows_drafts_and_every_segment(get: Ask, data: DataSet) -> None:
    body = await get("/help_center/en-us/articles", **{"page[size]": 100})
    rows = [row for row in data.desk.articles if row.locale == "en-us"]
    assert [one["id"] for one in body["articles"]] == [row.id for row in rows]
    assert {one["user_segment_id"] for one in body["articles"]} == {None, PARTNER_SEGMENT, STAFF_SEGMENT}
    assert any(one["draft"] for one in body["articles"])
    assert all("<script>" in one["body"] for one in body["articles"])
    assert body["meta"]["has_more"] is False
    german = await get("/help_center/de/articles")
    assert [one["title"] for one in german["articles"]] == ["Zum ersten Mal anmelden"]
    assert german["count"] == 1
    assert (await get("/help_center/articles"))["count"] == len(data.desk.articles)


async def test_articles_by_section_id_title_and_words(get: Ask, data: DataSet) -> None:
    section = await get("/help_center/en-us/sections/3602/articles", per_page=2, sort_by="title")
    assert [one["section_id"] for one in section["articles"]] == [3602, 3602]
    assert section["count"] == 4
    titles = [one["title"] for one in section["articles"]]
    assert titles == sorted(titles)
    one = await get("/help_center/articles/360102")
    assert one["article"]["locale"] == "de"
    await get("/help_center/en-us/articles/360102", 404)
    found = await get("/help_center/articles/search", query="reset a valve")
    assert found["results"][0]["title"] == "Reset a valve"
    assert found["results"][0]["result_type"] == "article"
    none = await get("/help_center/articles/search", query="xylophone")
    assert (none["results"], none["count"]) == ([], 0)


async def test_sections(get: Ask, data: DataSet) -> None:
    body = await get("/help_center/en-us/sections", **{"page[size]": 2})
    assert [one["name"] for one in body["sections"]] == ["Getting started", "Maintenance"]
    assert body["meta"]["has_more"] is True
    assert (await get("/help_center/en-us/sections/3603"))["section"]["name"] == "Partners"


async def test_users_are_found_by_external_id_and_by_id(get: Ask) -> None:
    body = await get("/users/show_many", external_ids="usr_acme_1,usr_nobody")
    assert [user["name"] for user in body["users"]] == ["Ben of acme"]
    assert body["users"][0]["organization_id"] == ACME
    agents = await get("/users/show_many", ids="9001,9002")
    assert {user["role"] for user in agents["users"]} == {"agent"}
    assert (await get("/users/me"))["user"]["role"] == "admin"
    orgs = await get("/organizations/show_many", external_ids="acme,bright")
    assert [org["id"] for org in orgs["organizations"]] == [360001, 360002]


async def test_every_answer_tells_the_rate(http: Any) -> None:
    async with http.get("/api/v2/tickets/1000") as response:
        assert response.headers["X-Rate-Limit"] == "700"
        assert re.fullmatch(r"\d+", response.headers["ratelimit-remaining"])
