"""Lets `python -m archipel` be the command line."""

from archipel.app.cli import main

main()
