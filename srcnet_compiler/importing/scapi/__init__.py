"""SRCNet's Site Capabilities catalogue to specs of sites. Start at `catalogue.py`."""
