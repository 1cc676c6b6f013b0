"""Databases, by SQLModel: SQLite by default, PostgreSQL by URL."""
