"""The command `askdocs`, and `python -m askdocs`."""

import sys


def main() -> int:
    """Run the command line and return its exit status."""
    try:
        from askdocs.cli import main as run

        return run()
    except KeyboardInterrupt:
        # Only while modules are being imported: everything later is the command line's own.
        return 130


if __name__ == "__main__":
    sys.exit(main())
