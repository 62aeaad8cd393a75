"""Package metadata that setup.cfg cannot hold: README as PyPI can show it.

PyPI shows no file of the repository. If TFGAN_ZOO_URL is set while building, such as to
https://github.com/OWNER/tfgan_zoo, README's pictures and links lead there; otherwise pictures are
replaced by their descriptions and links by their text, so that nothing is broken.
"""

import os
import re
from pathlib import Path


def description(readme: str, url: str = "") -> str:
    """Returns README without relative pictures and links.

    Args:
        readme: README, in Markdown.
        url: Address of the repository on a host with GitHub's paths; "" if it has none.

    Example:
        >>> description("[Data](docs/data.md), [PyPI](https://pypi.org)")
        'Data, [PyPI](https://pypi.org)'
        >>> description("[Data](docs/data.md)", "https://example.org/a/b")
        '[Data](https://example.org/a/b/blob/HEAD/docs/data.md)'
    """
    url = url.rstrip("/")

    def picture(found: re.Match) -> str:
        if url:
            return found[0].replace(found[1], f"{url}/raw/HEAD/{found[1]}")
        return f"*[Picture: {found[2]}.]*"

    def link(found: re.Match) -> str:
        return f"[{found[1]}]({url}/blob/HEAD/{found[2]})" if url else found[1]

    readme = re.sub(r'<img src="(?!https?:)([^"]+)"[^>]* alt="([^"]*)">', picture, readme)
    return re.sub(r"\[([^]]+)\]\((?!https?:|#)([^)]+)\)", link, readme)


if __name__ == "__main__":
    from setuptools import setup

    readme = (Path(__file__).parent / "README.md").read_text("utf-8")
    url = os.environ.get("TFGAN_ZOO_URL", "").rstrip("/")
    setup(
        long_description=description(readme, url),
        long_description_content_type="text/markdown",
        project_urls={"Source": url, "Issues": f"{url}/issues"} if url else {},
    )
