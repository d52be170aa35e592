"""What the environment and a configuration file say."""

from askdocs.config.nearest import find_configuration, named_configuration
from askdocs.config.places import (
    DEFAULT_CORPUS,
    INDEX_NAME,
    cache_and_variable,
    cache_directory,
    default_paths,
    existing_index,
    find_index,
    index_to_repair,
    index_to_write,
)

__all__ = [
    "DEFAULT_CORPUS",
    "INDEX_NAME",
    "cache_and_variable",
    "cache_directory",
    "default_paths",
    "existing_index",
    "find_configuration",
    "find_index",
    "index_to_repair",
    "index_to_write",
    "named_configuration",
]
