"""Accounts above and below, people, articles, and what each role sees of a home page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.ids import decode_id, encode_id
from tests.support.portal import Layout, Portal, account_id, five_systems


@pytest.fixture
def layout() -> Layout:
    return five_systems


async def ask(portal: Portal, persona: str, account: str, text: str) -> Any:
    return await portal.query(
        persona, f"query($a: ID!) {{ account(id: $a) {{ {text} }} }}", {"a": account_id(account)}
    )


async def test_accounts_above_and_below_are_shown_to_their_members(portal: Portal) -> None:
    answer = await ask(
        portal, "multi", "group", "name parent { id } children(first: 10) { nodes { id name parent { id } } }"
    )
    group = answer.data["account"]
    assert group["parent"] is None
    assert [node["id"] for node in group["children"]["nodes"]] == [
        account_id("group-north"), account_id("group-south"),
    ]  # fmt: skip
    assert {node["parent"]["id"] for node in group["children"]["nodes"]} == {account_id("group")}
    # One look-up for all of the caller's accounts; then its own name, and all names below in one call.
    assert [call.method for call in portal.calls("crm") if "token" not in call.path] == [
        "GET",
        "POST",
        "POST",
    ]


async def test_a_page_of_children_goes_on(portal: Portal) -> None:
    first = await ask(
        portal, "multi", "group", "children(first: 1) { nodes { id } pageInfo { hasNextPage endCursor } }"
    )
    page = first.data["account"]["children"]
    assert page["pageInfo"]["hasNextPage"] is True
    after = page["pageInfo"]["endCursor"]
    rest = await ask(
        portal,
        "multi",
        "group",
        f'children(first: 5, after: "{after}") {{ nodes {{ id }} pageInfo {{ hasNextPage }} }}',
    )
    assert rest.data["account"]["children"] == {
        "nodes": [{"id": account_id("group-south")}], "pageInfo": {"hasNextPage": False},
    }  # fmt: skip


async def test_an_account_above_is_not_shown_to_who_is_no_member_of_it(portal: Portal) -> None:
    answer = await ask(portal, "staff", "group-north", "parent { id }")
    assert answer.data["account"]["parent"] == {"id": account_id("group")}
    token = portal.world.issuer.mint("owner-a", memberships=[{"account": "group-north", "roles": ["owner"]}])
    portal._tokens["north"] = token
    alone = await ask(portal, "north", "group-north", "parent { id } children { nodes { id } }")
    assert alone.data["account"] == {"parent": None, "children": {"nodes": []}}


async def test_people_of_an_account(portal: Portal) -> None:
    answer = await ask(
        portal,
        "owner-a",
        "acme",
        "contacts(first: 100) { nodes { displayName email isPortalUser } totalCount }"
        " members(first: 10) { nodes { displayName roles isDirect contact { displayName } } }"
        " billingAddress { city } website",
    )
    account = answer.data["account"]
    here = [one for one in portal.world.data.contacts if one.account == "acme" and not one.left]
    assert account["contacts"]["totalCount"] == len(here) == 12
    assert {node["displayName"] for node in account["contacts"]["nodes"]} == {one.name for one in here}
    signed_in = sorted((one for one in here if one.subject), key=lambda one: one.member_since or one.created)
    assert [
        (node["displayName"], node["roles"], node["contact"]["displayName"])
        for node in account["members"]["nodes"]
    ] == [(one.name, list(one.roles), one.name) for one in signed_in]
    assert account["website"] == "https://acme.example"


async def test_a_clerk_sees_what_is_to_pay_and_nothing_of_tickets(portal: Portal) -> None:
    answer = await ask(
        portal,
        "billing-a",
        "acme",
        "summary { openInvoices openTickets } actionItems(first: 100) { nodes { kind subject { id } } }"
        " tickets { nodes { id } } documents { nodes { id } }",
    )
    account = answer.json["data"]["account"]
    assert account["summary"]["openInvoices"] > 0
    assert account["summary"]["openTickets"] is None
    assert {node["kind"] for node in account["actionItems"]["nodes"]} == {"PAY_INVOICE"}
    assert (account["tickets"], account["documents"]) == (None, None)
    assert answer.codes == ["FORBIDDEN"] * 3
    assert portal.calls("helpdesk") == portal.calls("files") == []


async def test_the_to_do_list_goes_on_where_it_ended(portal: Portal) -> None:
    text = (
        "actionItems(first: {size}{after})"
        " {{ nodes {{ subject {{ id }} }} pageInfo {{ hasNextPage endCursor }} }}"
    )
    whole = await ask(portal, "owner-a", "acme", text.format(size=100, after=""))
    wanted = [node["subject"]["id"] for node in whole.data["account"]["actionItems"]["nodes"]]
    assert len(wanted) == len(set(wanted)) > 20
    found: list[str] = []
    after = ""
    for _ in range(20):
        page = (await ask(portal, "owner-a", "acme", text.format(size=7, after=after))).data["account"][
            "actionItems"
        ]
        found += [node["subject"]["id"] for node in page["nodes"]]
        after = f', after: "{page["pageInfo"]["endCursor"]}"'
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == wanted


async def test_articles_by_section_text_and_suggestion(portal: Portal) -> None:
    answer = await ask(
        portal,
        "owner-a",
        "acme",
        "articleSections { nodes { name articles { nodes { id title } } } }"
        ' found: articles(filter: { text: "pump" }) { nodes { title section { name } } }'
        ' suggestArticles(text: "valve", first: 3) { title bodyHtml }',
    )
    account = answer.data["account"]
    titles = {
        section["name"]: {node["title"] for node in section["articles"]["nodes"]}
        for section in account["articleSections"]["nodes"]
    }
    assert titles["Maintenance"] == {"Reset a valve", "Change a seal", "Why a pump runs hot"}
    assert titles["Partners"] == set()
    assert account["found"]["nodes"] == [{"title": "Why a pump runs hot", "section": {"name": "Maintenance"}}]
    assert [article["title"] for article in account["suggestArticles"]] == ["Reset a valve"]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('suggestArticles(text: "") { title }', "text"),
        ('suggestArticles(text: "x", first: 11) { title }', "first"),
        ('articles(filter: { text: " " }) { nodes { title } }', "filter.text"),
    ],
)
async def test_a_wrong_search_is_named(portal: Portal, text: str, field: str) -> None:
    answer = await ask(portal, "owner-a", "acme", text)
    assert answer.codes == ["INVALID_INPUT"]
    assert answer.errors[0]["message"].startswith(f"{field}: ")
    assert portal.calls("helpdesk") == []


async def test_an_article_of_another_audience_is_as_missing(portal: Portal) -> None:
    shown = await ask(portal, "partner", "reach", "articles(first: 100) { nodes { id title } }")
    ids = {node["title"]: node["id"] for node in shown.data["account"]["articles"]["nodes"]}
    partners = replace(decode_id(ids["Margins for partners"]), account="acme")
    everyone = replace(decode_id(ids["Reset a valve"]), account="acme")
    query = "query($i: ID!) { node(id: $i) { ... on Article { title } } }"
    assert (await portal.query("owner-a", query, {"i": encode_id(partners)})).raw == b'{"data":{"node":null}}'
    assert (await portal.query("owner-a", query, {"i": encode_id(everyone)})).data["node"] == {
        "title": "Reset a valve"
    }
