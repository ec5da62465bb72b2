"""The same actions as JSON, with a bearer token; `/api/openapi.json` says how. Errors: code, message, remedy, place."""
