"""Numbers of bytes in words."""

_BINARY = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
_DECIMAL = (("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


def size_text(size: int, *, exact: bool = True) -> str:
    """A number of bytes in the largest unit in which one decimal says it all.

    Args:
        size: How many.
        exact: Without it, in the largest decimal unit, as disks are sold, rounded to one decimal.
    """
    for unit, count in _BINARY if exact else _DECIMAL:
        if size >= count and not (exact and size * 10 % count):
            return f"{size / count:.15g} {unit}" if exact else f"{size / count:.1f} {unit}"
    return f"{size:,} bytes" if exact else f"{size} B"
