"""A stand-in for S3: one versioned bucket, read by its REST API with Signature Version 4.

It verifies signatures in headers and in addresses, and knows ListObjectsV2, ListObjectVersions, GetObject and
HeadObject with what overrides headers. Not here: writing, ranges, conditions, other buckets; parameters it
does not list are refused.
"""

from sandbox.s3.app import create_app, stand_in

__all__ = ["create_app", "stand_in"]
