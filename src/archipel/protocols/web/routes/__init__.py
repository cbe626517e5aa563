"""The routes of /api, one module for each part of the screen."""
