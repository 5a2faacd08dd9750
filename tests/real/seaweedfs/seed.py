"""Fill the store with a data set's files; run by the Python that has the vendor's own client.

    python seed.py URL ACCESS_KEY_ID SECRET_ACCESS_KEY BUCKET REGION < files.json > versions.json

Reads `[{key, content_type, notes, deleted, versions: [base64, oldest first]}]`, writes the version ids
that the store gave: `{key: [oldest first]}`.
"""

from __future__ import annotations

import base64
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3

WRITERS = 8


def main(url: str, access_key_id: str, secret_access_key: str, bucket: str, region: str) -> None:
    """Make the bucket and put the files, several at a time."""
    store = boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        region_name=region,
    )
    store.create_bucket(Bucket=bucket)
    store.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def put(file: dict[str, Any]) -> list[str]:
        place = {"Bucket": bucket, "Key": file["key"]}
        kind = {"ContentType": file["content_type"], "Metadata": file["notes"]}
        found = [
            store.put_object(Body=base64.b64decode(content), **place, **kind)["VersionId"]
            for content in file["versions"]
        ]
        if file["deleted"]:
            store.delete_object(**place)
        return found

    files = json.load(sys.stdin)
    with ThreadPoolExecutor(WRITERS) as pool:
        versions = dict(zip((file["key"] for file in files), pool.map(put, files), strict=True))
    json.dump(versions, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
