"""Databases with SQLModel: SQLite by default, PostgreSQL by URL."""
