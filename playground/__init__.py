"""The page: a visual playground over `core`."""
