"""srcnet-compiler: the architecture of the SKA Regional Centre Network, compiled and applied."""

__version__ = "0.1.0"
