"""The picture of the page in the README, taken by Chromium (Debian: chromium).

python docs/picture.py    write docs/images/page.png
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

PROJECT = Path(__file__).parents[1]
PICTURE = PROJECT / "docs/images/page.png"
WIDTH, HEIGHT = 1000, 930
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


def main() -> None:
    """Write the page of SRCNet's own specs, and what a browser shows of it first."""
    PICTURE.parent.mkdir(exist_ok=True)
    with TemporaryDirectory() as scratch:
        page = Path(scratch) / "srcnet.html"
        command = [Path(sys.executable).parent / "srcnet", "docs", "--out", page]
        subprocess.run(command, cwd=PROJECT, check=True)
        subprocess.run(
            [
                "chromium",
                *FLAGS,
                f"--user-data-dir={scratch}/profile",
                f"--window-size={WIDTH},{HEIGHT}",
                f"--screenshot={PICTURE}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
        )
    print(f"{PICTURE.relative_to(PROJECT)}: {PICTURE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
