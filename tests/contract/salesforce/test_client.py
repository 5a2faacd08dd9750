"""A client that is used in the field, simple-salesforce, against the stand-in, with the gateway's calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from joserfc.jwk import RSAKey

from gateway.connectors.salesforce import soql
from sandbox.data import DataSet
from sandbox.data.people import salesforce_id
from sandbox.salesforce import stand_in
from sandbox.serve import StandIn
from tests.clients.fixture import ask
from tests.contract.salesforce.conftest import CLIENT_ID, USERNAME, pem, present

HEAD = """
import json, sys
from urllib.parse import urlsplit
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, exceptions, format_soql

class There(HTTPAdapter):
    "Changes scheme and host, nothing else."
    def send(self, request, **options):
        request.url = sys.argv[1] + request.url[len("https://" + urlsplit(request.url).netloc):]
        return super().send(request, **options)

session = requests.Session()
session.mount("https://", There())
def sign_in(consumer_key=sys.argv[2], username=sys.argv[3], privatekey=sys.argv[4]):
    return Salesforce(consumer_key=consumer_key, username=username, privatekey=privatekey,
                      version="66.0", session=session)
def failure(call):
    try:
        call()
    except exceptions.SalesforceAuthenticationFailed as error:
        return [type(error).__name__, str(error)]
    except exceptions.SalesforceError as error:
        return [type(error).__name__, error.status, [one["errorCode"] for one in error.content]]
"""


async def run(python: Path, system: StandIn, key: RSAKey, script: str, *more: str) -> Any:
    return await ask(python, HEAD + script, system.url, CLIENT_ID, USERNAME, pem(key, private=True), *more)


async def test_queries_records_and_limits(
    client_python: Path, system: StandIn, private_key: RSAKey, data: DataSet
) -> None:
    found = await run(
        client_python,
        system,
        private_key,
        """
acme, person = sys.argv[5:]
crm = sign_in()
where = format_soql(
    "FROM Contact WHERE AccountId IN {ids} AND IsDeleted = false AND Portal_Left__c = false", ids=[acme])
fields = "SELECT Id, Name, Account.Portal_Account_Key__c "
rows = crm.query(fields + where + " ORDER BY LastName, Id LIMIT 50")
print(json.dumps({
    "rows": rows,
    "count": crm.query("SELECT COUNT() " + where),
    "one": crm.Contact.get(person),
    "quoted": crm.query(format_soql("SELECT Id FROM Contact WHERE LastName = {name}", name="O'Neil\\\\\\n")),
    "many": crm.restful("composite/sobjects/Contact", method="POST",
                        json={"ids": [person, "003000000000000AAA", acme, person], "fields": ["Name"]}),
    "limits": crm.limits()["DailyApiRequests"]["Max"],
    "usage": list(crm.api_usage["api-usage"]),
}))
""",
        data.accounts["acme"].crm_id,
        present(data, "acme")[0].id,
    )
    people = present(data, "acme")
    assert {row["Id"] for row in found["rows"]["records"]} == {row.id for row in people}
    assert (found["rows"]["totalSize"], found["rows"]["done"]) == (len(people), True)
    first = found["rows"]["records"][0]
    assert first["attributes"]["type"] == "Contact"
    assert first["attributes"]["url"].endswith(f"/sobjects/Contact/{first['Id']}")
    assert first["Account"]["Portal_Account_Key__c"] == "acme"
    assert found["count"] == {"totalSize": len(people), "done": True, "records": []}
    assert (found["one"]["Name"], found["one"]["IsDeleted"]) == (people[0].name, False)
    assert found["quoted"]["records"] == []
    assert [row and row["Id"] for row in found["many"]] == [people[0].id, None, None, people[0].id]
    assert (found["limits"], found["usage"]) == (100_000, [6, 100_000])


async def test_all_pages_of_a_query(client_python: Path, private_key: RSAKey, data: DataSet) -> None:
    public = pem(private_key, private=False)
    async with stand_in(
        data, client_id=CLIENT_ID, public_key_pem=public, username=USERNAME, batch=10
    ) as system:
        found = await run(
            client_python,
            system,
            private_key,
            """
crm = sign_in()
everything = crm.query_all("SELECT Id, CreatedDate FROM AccountContactRelation ORDER BY CreatedDate, Id")
print(json.dumps(everything))
""",
        )
    ids = [row["Id"] for row in found["records"]]
    # A relation per person, and the planted ones of each account that has people.
    planted = 2 * len({row.account for row in data.contacts})
    assert len(ids) == len(set(ids)) == found["totalSize"] == len(data.contacts) + planted
    assert len(system.calls) == 1 + -(-len(ids) // 10)
    days = [row["CreatedDate"] for row in found["records"]]
    assert days == sorted(days)


async def test_errors_are_known_to_the_client(
    client_python: Path, system: StandIn, private_key: RSAKey, wrong_key: RSAKey
) -> None:
    found = await run(
        client_python,
        system,
        private_key,
        """
crm = sign_in()
def spent():
    requests.post(sys.argv[1] + "/_sandbox/fault", json={"mode": "throttled"})
    try:
        crm.query("SELECT Id FROM Account LIMIT 1")
    finally:
        requests.post(sys.argv[1] + "/_sandbox/fault", json={"mode": "ok"})
def ended():
    "Sees the error, and signs in again by itself."
    token = crm.session_id
    session.post("https://x/services/oauth2/revoke", data={"token": token})
    crm.query("SELECT Id FROM Account LIMIT 1")
    return crm.session_id != token
print(json.dumps([
    failure(lambda: crm.query("SELECT Id, Misspelt FROM Account")),
    failure(lambda: crm.query("SELECT FROM Account")),
    failure(lambda: crm.query("SELECT Id FROM Invoice__c")),
    failure(lambda: crm.Contact.get("003000000000000AAA")),
    failure(lambda: crm.restful("composite/sobjects/Contact", params={"ids": sys.argv[6], "fields": "Nope"})),
    failure(lambda: crm.query_more("01g5g0000000009AAA-2000")),
    failure(spent),
    failure(lambda: sign_in(consumer_key="another")),
    failure(lambda: sign_in(username="somebody@vendor.example")),
    failure(lambda: sign_in(privatekey=sys.argv[5])),
    ended(),
]))
""",
        pem(wrong_key, private=True),
        salesforce_id("003", 100),
    )
    refused = "SalesforceAuthenticationFailed"
    assert found == [
        ["SalesforceMalformedRequest", 400, ["INVALID_FIELD"]],
        ["SalesforceMalformedRequest", 400, ["MALFORMED_QUERY"]],
        ["SalesforceMalformedRequest", 400, ["INVALID_TYPE"]],
        ["SalesforceResourceNotFound", 404, ["NOT_FOUND"]],
        ["SalesforceMalformedRequest", 400, ["INVALID_FIELD"]],
        ["SalesforceMalformedRequest", 400, ["INVALID_QUERY_LOCATOR"]],
        ["SalesforceRefusedRequest", 403, ["REQUEST_LIMIT_EXCEEDED"]],
        [refused, "Authentication failed (code: invalid_client_id): client identifier invalid"],
        [refused, "Authentication failed (code: invalid_grant): user hasn't approved this consumer"],
        [refused, "Authentication failed (code: invalid_grant): invalid assertion"],
        True,
    ]


async def test_strings_are_quoted_as_the_client_quotes_them(client_python: Path) -> None:
    written = ["Smith", "O'Neil", "Back\\slash", "Two\nLines", "Tab\there", "Carriage\rreturn", "\\'", "''"]
    script = "import json, sys\nfrom simple_salesforce import format_soql\n"
    script += "print(json.dumps([format_soql('{}', one) for one in json.loads(sys.argv[1])]))"
    assert await ask(client_python, script, json.dumps(written)) == [soql.quote(one) for one in written]
