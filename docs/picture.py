"""Pictures of pages for the README and the documentation, taken by Chromium (Debian: chromium).

python docs/picture.py    write them into docs/images
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

PROJECT = Path(__file__).parents[1]
IMAGES = PROJECT / "docs/images"
SRCNET = Path(sys.executable).parent / "srcnet"
COPIES = "copies: [{count: 2, tier: online}]", "copies: [{count: 3, tier: online}]"
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
    """Write the pages of SRCNet's own specs, and what a browser shows of them."""
    IMAGES.mkdir(exist_ok=True)
    with TemporaryDirectory() as scratch:
        page = Path(scratch) / "srcnet.html"
        subprocess.run([SRCNET, "docs", "--out", page], cwd=PROJECT, check=True)
        take(page, "page.png", (1000, 930))
        change = policy_change(Path(scratch))
        take(change, "policy-change.png", (1000, 1500))
        take(from_section(change, "movement-title"), "policy-change-moves.png", (1000, 1250))


def policy_change(scratch: Path) -> Path:
    """The page of the architecture group for one more copy, where one uplink is stated."""
    specs, page = scratch / "specs", scratch / "change.html"
    for folder in ("site-specs", "policies"):
        shutil.copytree(PROJECT / folder, specs / folder)
    me = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    for words in (("init", "-q"), ("add", "."), (*me, "commit", "-qm", "What is agreed")):
        subprocess.run(["git", *words], cwd=specs, check=True)
    subprocess.run([SRCNET, "catalogue", "snapshot", "--forecast", "2026"], cwd=specs, check=True)
    policy = specs / "policies/data/v01-campaign.yaml"
    policy.write_text(policy.read_text("utf-8").replace(*COPIES), "utf-8")
    site = specs / "site-specs/cansrc-uvic.yaml"
    site.write_text(
        site.read_text("utf-8").replace(
            "country: CA\n", "country: CA\n  network: {srcnet: 1 Gbit/s}\n"
        ),
        "utf-8",
    )
    options = ("--policy", "--catalogue", ".srcnet/catalogue", "--format", "html", "--out", page)
    subprocess.run([SRCNET, "diff", "HEAD", *options], cwd=specs, check=True)
    return page


def from_section(page: Path, name: str) -> Path:
    """The same page without the sections before one, beside it."""
    text = page.read_text("utf-8")
    first, wanted = (text.index(f'<section aria-labelledby="{n}') for n in ("", name))
    shorter = page.with_name(f"from-{page.name}")
    shorter.write_text(text[:first] + text[wanted:], "utf-8")
    return shorter


def take(page: Path, name: str, size: tuple[int, int]) -> None:
    """What a window of this size shows of a page."""
    picture = IMAGES / name
    with TemporaryDirectory() as scratch:
        subprocess.run(
            [
                "chromium",
                *FLAGS,
                f"--user-data-dir={scratch}/profile",
                f"--window-size={size[0]},{size[1]}",
                f"--screenshot={picture}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
        )
    print(f"{picture.relative_to(PROJECT)}: {picture.stat().st_size} bytes")


if __name__ == "__main__":
    main()
