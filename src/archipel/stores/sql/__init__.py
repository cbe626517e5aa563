"""The index: SQLAlchemy Core on SQLite or PostgreSQL, one module per domain."""
