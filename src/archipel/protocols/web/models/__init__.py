"""What the front end reads and writes: one pydantic model per thing on screen (OpenAPI)."""
