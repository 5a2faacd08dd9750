"""The stand-in itself: its part of SOQL, its refusals, and rows that must not be seen."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from sandbox.data import DataSet
from sandbox.data.people import salesforce_id
from sandbox.salesforce import stand_in
from sandbox.salesforce.app import ALLOCATION
from sandbox.serve import StandIn
from tests.contract.salesforce.conftest import CLIENT_ID, USERNAME, pem, present

BASE = "/services/data/v66.0"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def assertion(key: RSAKey, **changes: Any) -> str:
    claims = {
        "iss": CLIENT_ID,
        "aud": "https://login.salesforce.com",
        "sub": USERNAME,
        "exp": int(time.time()) + 180,
    }
    return jwt.encode({"alg": "RS256"}, claims | changes, key)


async def sign_in(http: aiohttp.ClientSession, text: str, grant_type: str = GRANT_TYPE) -> tuple[int, Any]:
    form = {"grant_type": grant_type, "assertion": text}
    async with http.post("/services/oauth2/token", data=form) as answer:
        return answer.status, await answer.json()


@pytest.fixture
async def http(system: StandIn, private_key: RSAKey) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(system.url) as session:
        _, found = await sign_in(session, assertion(private_key))
        session.headers["Authorization"] = f"Bearer {found['access_token']}"
        yield session


async def get(http: aiohttp.ClientSession, path: str, **options: Any) -> tuple[int, Any]:
    async with http.get(f"{BASE}{path}", **options) as answer:
        return answer.status, await answer.json(content_type=None)


async def query(http: aiohttp.ClientSession, soql: str) -> tuple[int, Any]:
    return await get(http, "/query", params={"q": soql})


async def collect(http: aiohttp.ClientSession, kind: str, body: object) -> tuple[int, Any]:
    async with http.post(f"{BASE}/composite/sobjects/{kind}", data=json.dumps(body)) as answer:
        return answer.status, await answer.json()


# Signing in


async def test_a_session_says_what_it_is(http: aiohttp.ClientSession, private_key: RSAKey) -> None:
    status, found = await sign_in(http, assertion(private_key))
    assert status == 200
    assert set(found) == {"access_token", "scope", "instance_url", "token_type", "id"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"iss": "another"}, "invalid_client_id"),
        ({"aud": "https://acme.example"}, "invalid_grant"),
        ({"sub": "another"}, "invalid_grant"),
        ({"exp": int(time.time()) - 1}, "invalid_grant"),
        ({"exp": int(time.time()) + 3600}, "invalid_grant"),
        ({"exp": "soon"}, "invalid_grant"),
        ({"exp": None}, "invalid_grant"),
    ],
)
async def test_assertions_that_are_refused(
    http: aiohttp.ClientSession, private_key: RSAKey, changes: dict[str, Any], error: str
) -> None:
    status, found = await sign_in(http, assertion(private_key, **changes))
    assert (status, found["error"]) == (400, error)


@pytest.mark.parametrize("text", ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "é"])
async def test_what_is_no_assertion_is_refused(http: aiohttp.ClientSession, text: str) -> None:
    assert await sign_in(http, text) == (
        400,
        {"error": "invalid_grant", "error_description": "invalid assertion"},
    )
    status, found = await sign_in(http, text, "password")
    assert (status, found["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eDp5"])
async def test_nothing_without_a_session(system: StandIn, header: str) -> None:
    async with aiohttp.ClientSession(system.url, headers={"Authorization": header}) as session:
        for path in ("/query", "/limits", "/sobjects/Contact/x", "/composite/sobjects/Contact", "/query/x"):
            assert await get(session, path) == (
                401,
                [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}],
            )


# Queries

GOOD = {
    "select id from account where portal_account_key__c = 'acme'": ["acme"],
    "SELECT Id FROM Account WHERE Portal_Account_Key__c = 'ACME'": ["acme"],
    "SELECT Id FROM Account WHERE Portal_Account_Key__c IN ('acme','none','bright') ORDER BY Name DESC": [
        "bright",
        "acme",
    ],
    "SELECT Id FROM Account WHERE Parent.Portal_Account_Key__c = 'group' ORDER BY Name": [
        "group-north",
        "group-south",
    ],
    "SELECT Id FROM Account WHERE ParentId != null ORDER BY Id DESC LIMIT 1": ["group-south"],
    "SELECT Id FROM Account WHERE ParentId = null AND Type = 'Technology Partner'": ["reach"],
    "SELECT Id FROM Account WHERE Name >= 'Reach' OR (Name < 'B' AND IsDeleted = false) ORDER BY Name": [
        "acme",
        "reach",
    ],
    "SELECT Id FROM Account WHERE Name <= 'Acme Manufacturing' AND CreatedDate > 2000-01-01T00:00:00Z": [
        "acme"
    ],
    "SELECT Id FROM Account ORDER BY ParentId NULLS LAST, Name LIMIT 2": ["group-north", "group-south"],
    "SELECT Id FROM Account WHERE Account.Name = 'Reach Resale' LIMIT 0": [],
    r"SELECT Id FROM Account WHERE Name = 'It\'s \\ \n \"x\"'": [],
}


@pytest.mark.parametrize("soql", GOOD)
async def test_queries(http: aiohttp.ClientSession, data: DataSet, soql: str) -> None:
    status, found = await query(http, soql)
    assert status == 200, found
    keys = {row.crm_id: key for key, row in data.accounts.items()}
    assert [keys[row["Id"]] for row in found["records"]] == GOOD[soql]
    assert (found["done"], found["totalSize"]) == (True, len(GOOD[soql]))


BAD = {
    "": "MALFORMED_QUERY",
    "SELECT": "MALFORMED_QUERY",
    "SELECT * FROM Account": "MALFORMED_QUERY",
    "SELECT Id, Id FROM Account": "MALFORMED_QUERY",
    "SELECT Id FROM Account WHERE": "MALFORMED_QUERY",
    "SELECT Id FROM Account WHERE Name = 'a": "MALFORMED_QUERY",
    r"SELECT Id FROM Account WHERE Name = 'a\d'": "MALFORMED_QUERY",
    "SELECT Id FROM Account WHERE Name IN ()": "MALFORMED_QUERY",
    "SELECT Id FROM Account WHERE Name LIKE 'a%'": "MALFORMED_QUERY",
    "SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'": "MALFORMED_QUERY",
    "SELECT Id FROM Account WHERE (Name = 'a'": "MALFORMED_QUERY",
    "SELECT Id FROM Account LIMIT -1": "MALFORMED_QUERY",
    "SELECT Id FROM Account OFFSET 5": "MALFORMED_QUERY",
    "SELECT Id FROM Account; DELETE": "MALFORMED_QUERY",
    "SELECT COUNT() FROM Account ORDER BY Name": "MALFORMED_QUERY",
    "SELECT Id FROM Account WHERE CreatedDate > 2026-02-30T00:00:00Z": "MALFORMED_QUERY",
    "SELECT Id FROM Account WHERE CreatedDate > 2026-02-20T00:00:00.000Z": "MALFORMED_QUERY",
    "SELECT Id FROM Account ORDER BY Name NULLS": "MALFORMED_QUERY",
    "SELECT Nope FROM Account": "INVALID_FIELD",
    "SELECT IsDeleted FROM User": "INVALID_FIELD",
    "SELECT Id FROM Account WHERE Nope = 1": "INVALID_FIELD",
    "SELECT Id FROM Account ORDER BY Nope": "INVALID_FIELD",
    "SELECT Parent.Nope FROM Account": "INVALID_FIELD",
    "SELECT Nope.Id FROM Account": "INVALID_FIELD",
    "SELECT Id FROM Account WHERE IsDeleted = 'false'": "INVALID_FIELD",
    "SELECT Id FROM Account WHERE Name = 7": "INVALID_FIELD",
    "SELECT Id FROM Account WHERE CreatedDate > '2026-01-01T00:00:00Z'": "INVALID_FIELD",
    "SELECT Id FROM Account WHERE Id = 'x'": "INVALID_QUERY_FILTER_OPERATOR",
    "SELECT Id FROM Account WHERE Name > null": "INVALID_QUERY_FILTER_OPERATOR",
    "SELECT Id FROM Invoice__c": "INVALID_TYPE",
}


@pytest.mark.parametrize("soql", BAD)
async def test_refused_queries(http: aiohttp.ClientSession, soql: str) -> None:
    status, found = await query(http, soql)
    assert (status, [one["errorCode"] for one in found]) == (400, [BAD[soql]])
    assert set(found[0]) == {"message", "errorCode"}


async def test_parents_come_as_objects(http: aiohttp.ClientSession, data: DataSet) -> None:
    _, found = await query(
        http,
        "SELECT Name, Parent.Name, Parent.Owner.Email FROM Account"
        " WHERE Name IN ('Harbour North', 'Harbour Group') ORDER BY Name",
    )
    group, north = found["records"]
    assert group["Parent"] is None
    assert (north["Parent"]["Name"], north["Parent"]["Owner"]["Email"]) == (
        "Harbour Group",
        data.staff[0].email,
    )
    assert north["Parent"]["attributes"]["url"] == (
        f"{BASE}/sobjects/Account/{data.accounts['group'].crm_id}"
    )


async def test_next_records(private_key: RSAKey, data: DataSet) -> None:
    public = pem(private_key, private=False)
    async with (
        stand_in(data, client_id=CLIENT_ID, public_key_pem=public, username=USERNAME, batch=3) as system,
        aiohttp.ClientSession(system.url) as session,
    ):
        _, signed = await sign_in(session, assertion(private_key))
        session.headers["Authorization"] = f"Bearer {signed['access_token']}"
        _, found = await query(session, "SELECT Id FROM Account ORDER BY Id")
        seen = found["records"]
        while not found["done"]:
            _, found = await get(session, found["nextRecordsUrl"].removeprefix(BASE))
            assert found["totalSize"] == len(data.accounts)
            seen += found["records"]
        assert "nextRecordsUrl" not in found
        assert [row["Id"] for row in seen] == [row.crm_id for row in data.accounts.values()]
        for locator in ("nonsense", "01g5g0000000000AAA-99", "01g5g0000000000AAA", "01g5g0000000000AAA--1"):
            status, refused = await get(session, f"/query/{locator}")
            assert (status, refused[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


# Records by id


async def test_collections_have_holes(http: aiohttp.ClientSession, data: DataSet) -> None:
    person = present(data, "acme")[0]
    deleted, absent = salesforce_id("003", 900_010), salesforce_id("003", 800_000)
    ids = [absent, person.id, "nonsense", data.accounts["acme"].crm_id, deleted, person.id[:15], person.id]
    body = {"ids": ids, "fields": ["name", "EMAIL"]}
    status, found = await collect(http, "contact", body)
    row = {
        "attributes": {"type": "Contact", "url": f"{BASE}/sobjects/Contact/{person.id}"},
        "Id": person.id,
        "Name": person.name,
        "Email": person.email,
    }
    assert (status, found) == (200, [None, row, None, None, None, row, row])
    pairs = {"ids": f"{absent},{person.id}", "fields": "Name,Email"}
    assert await get(http, "/composite/sobjects/Contact", params=pairs) == (200, [None, row])


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        ("Contact", {"ids": ["x"], "fields": ["Nope"]}, 400, "INVALID_FIELD"),
        ("Contact", {"ids": ["x"], "fields": ["Account.Name"]}, 400, "INVALID_FIELD"),
        ("Contact", {"ids": [], "fields": ["Name"]}, 400, "REQUIRED_FIELD_MISSING"),
        ("Contact", {"ids": ["x"], "fields": []}, 400, "REQUIRED_FIELD_MISSING"),
        ("Contact", {"ids": ["x"]}, 400, "JSON_PARSER_ERROR"),
        ("Contact", {"ids": ["x"] * 2001, "fields": ["Name"]}, 400, "EXCEEDED_ID_LIMIT"),
        ("Invoice__c", {"ids": ["x"], "fields": ["Name"]}, 404, "NOT_FOUND"),
    ],
)
async def test_refused_collections(
    http: aiohttp.ClientSession, kind: str, body: object, status: int, code: str
) -> None:
    found = await collect(http, kind, body)
    assert (found[0], found[1][0]["errorCode"]) == (status, code)


async def test_single_records(http: aiohttp.ClientSession, data: DataSet) -> None:
    row = data.accounts["acme"]
    status, found = await get(http, f"/sobjects/Account/{row.crm_id}", params={"fields": "Name"})
    assert (status, found["Name"], set(found)) == (200, row.name, {"attributes", "Name"})
    _, whole = await get(http, f"/sobjects/Account/{row.crm_id}")
    assert (whole["Stripe_Customer__c"], whole["CreatedDate"][-9:]) == (
        ";".join(row.stripe_customers.values()),
        ".000+0000",
    )
    for path in (f"/sobjects/Contact/{row.crm_id}", f"/sobjects/Nope/{row.crm_id}", "/nothing", ""):
        status, refused = await get(http, path)
        assert (status, refused[0]["errorCode"]) == (404, "NOT_FOUND")


async def test_another_version_is_not_there(http: aiohttp.ClientSession) -> None:
    async with http.get("/services/data/v67.0/limits") as answer:
        assert answer.status == 404


# Limits and faults


async def test_calls_are_counted(http: aiohttp.ClientSession) -> None:
    for number in (1, 2, 3):
        async with http.get(f"{BASE}/limits") as answer:
            assert answer.headers["Sforce-Limit-Info"] == f"api-usage={number}/{ALLOCATION}"
            remaining = (await answer.json())["DailyApiRequests"]["Remaining"]
    assert remaining == ALLOCATION - 3


async def test_addresses_have_a_longest(http: aiohttp.ClientSession) -> None:
    async with http.get(f"{BASE}/query", params={"q": "x" * 16_384}) as answer:
        assert answer.status == 414


async def test_faults_speak_as_salesforce_does(http: aiohttp.ClientSession, system: StandIn) -> None:
    for mode, status, code in (
        ("throttled", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("broken", 500, "UNKNOWN_EXCEPTION"),
    ):
        await system.fault(mode)
        found = await get(http, "/limits")
        assert (found[0], found[1][0]["errorCode"]) == (status, code)


# What is planted


async def test_deleted_rows_are_in_no_query(http: aiohttp.ClientSession, data: DataSet) -> None:
    _, found = await query(http, "SELECT COUNT() FROM Contact WHERE FirstName = 'Deleted'")
    assert found == {"totalSize": 0, "done": True, "records": []}
    _, found = await query(http, "SELECT COUNT() FROM Contact WHERE IsDeleted = true")
    assert found["totalSize"] == 0


async def test_traps_are_there(http: aiohttp.ClientSession, data: DataSet) -> None:
    left = sum(row.left for row in data.contacts)
    accounts = len({row.account for row in data.contacts})
    for soql, expected in (
        ("SELECT COUNT() FROM Contact WHERE Portal_Left__c = true", left + accounts),
        ("SELECT COUNT() FROM Contact WHERE AccountId = null", 1),
        ("SELECT COUNT() FROM AccountContactRelation WHERE IsActive = false", left + 2 * accounts),
        ("SELECT COUNT() FROM User WHERE UserType = 'PowerCustomerSuccess'", 1),
        ("SELECT COUNT() FROM User WHERE IsActive = false", 1),
    ):
        assert (await query(http, soql))[1]["totalSize"] == expected, soql
