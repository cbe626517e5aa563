"""From SQLite and files to PostgreSQL and an object store, by one command (docs/adr/0138)."""
