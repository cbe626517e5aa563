"""FHIR R4 resources (4.0.1) as plain JSON values: written here, never fetched or validated."""
