"""The command `askdocs`, and `python -m askdocs`."""

# The rest is imported inside: nothing answers Ctrl-C before `main` begins.
import sys


def main() -> int:
    """Run the command line and return its exit status, or leave the process with it."""
    try:
        from contextlib import suppress

        from askdocs.cli.process import main as run

        status = run()
    except KeyboardInterrupt:
        # Only while modules are being imported: everything later is the command line's own.
        return 130
    with suppress(AttributeError, OSError, ValueError):
        _leave(status)
    return status


def _leave(status: int) -> None:
    """End the process without taking it apart: that costs 60 ms where a model is open."""
    import atexit
    import os
    from contextlib import suppress

    sys.stdout.flush()
    # What standard error did not take is lost, which is no reason for another status.
    with suppress(AttributeError, OSError, ValueError):
        sys.stderr.flush()
    atexit._run_exitfuncs()  # noqa: SLF001 - temporary caches, and the coverage of tests
    os._exit(status)


if __name__ == "__main__":
    sys.exit(main())
