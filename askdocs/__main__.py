"""The command `askdocs`, and `python -m askdocs`."""

# The rest is imported inside `main`: before it, Ctrl-C prints a traceback.
import sys


def main() -> int:
    """Run the command line, and end the process with its exit status, or return it."""
    try:
        from contextlib import suppress

        from askdocs.cli.process import main as run

        status = run()
    except KeyboardInterrupt:
        # Only while modules are imported: later, the command line handles it.
        return 130
    with suppress(AttributeError, OSError, ValueError):
        _leave(status)
    return status


def _leave(status: int) -> None:
    """End the process without freeing its memory, which takes 60 ms with an open model."""
    import atexit
    import os
    from contextlib import suppress

    sys.stdout.flush()
    # Losing what standard error did not take does not change the status.
    with suppress(AttributeError, OSError, ValueError):
        sys.stderr.flush()
    atexit._run_exitfuncs()  # noqa: SLF001 - temporary caches, and the coverage of tests
    os._exit(status)


if __name__ == "__main__":
    sys.exit(main())
