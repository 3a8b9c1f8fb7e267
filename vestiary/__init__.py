"""The command line, and the configuration composed of the stages' own."""

from importlib import metadata

try:
    __version__ = metadata.version("vestiary")
except metadata.PackageNotFoundError:  # a checkout on the path, not installed
    __version__ = "0"
