"""Alembic's entry: it runs on the connection, and in the transaction, of the caller."""

from alembic import context

from archipel.stores.sql.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
