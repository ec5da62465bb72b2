"""The only SQL: named queries in `sql/`, migrations, field encryption, stored shapes, the embedded server."""
