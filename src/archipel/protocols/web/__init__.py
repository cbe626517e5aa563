"""JSON and pages for our own front end."""
