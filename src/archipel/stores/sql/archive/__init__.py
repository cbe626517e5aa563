"""The archive's index in SQL: its one writer, its readers, sealing, sharing, checking."""
