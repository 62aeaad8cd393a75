"""The documentation site: what MkDocs adds to the pages in `docs/`.

`mkdocs build` reads `mkdocs.yml`, whose hook, `hooks.py`, adds the pages that are made from recipes
and docstrings. All of them come from `pages.generated`, which needs neither MkDocs nor TensorFlow:
code is parsed, not imported.
"""
