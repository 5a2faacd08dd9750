"""Customer views composed by internal teams from ports and schema helpers."""
