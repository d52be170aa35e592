"""Parse options, call one function, print what it returns."""

from askdocs.cli.process import main

__all__ = ["main"]
