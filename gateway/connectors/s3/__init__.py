"""S3 and what speaks its protocol: documents and folders below one prefix per account."""
