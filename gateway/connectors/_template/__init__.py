"""Template: contacts. A complete small connector, to be copied by `make connector NAME=...`."""
