"""The only room that knows everybody: settings, wiring, processes, command line."""
