"""`make docs`: writes every generated reference anew; `stale()` says which are not as they should be."""

import sys
from collections.abc import Callable, Mapping

from tools import (
    channel_table,
    command_table,
    coverage_table,
    dataflow_table,
    fact_table,
    hop_table,
    measure_table,
    metric_table,
    pathway_pages,
    problem_table,
    retention_table,
    template_table,
)
from tools.house.tree import ROOT

PAGES: Mapping[str, Callable[[], str]] = {
    channel_table.PATH: channel_table.text,
    command_table.PATH: command_table.text,
    coverage_table.PATH: coverage_table.text,
    fact_table.PATH: fact_table.text,
    hop_table.PATH: hop_table.text,
    measure_table.PATH: measure_table.text,
    metric_table.PATH: metric_table.text,
    dataflow_table.PATH: dataflow_table.text,
    problem_table.PATH: problem_table.text,
    retention_table.PATH: retention_table.text,
    **pathway_pages.pages(),
    template_table.PATH: template_table.text,
}


def stale() -> list[str]:
    """Generated pages that differ from what the code says now."""
    found = []
    for path, text in PAGES.items():
        page = ROOT / path
        if not page.exists() or page.read_text(encoding="utf-8") != text():
            found.append(path)
    return found + pathway_pages.left_over()


def main() -> int:
    """Writes what is stale."""
    for path in stale():
        page = ROOT / path
        if path not in PAGES:
            page.unlink()
            print(f"carelane docs: removed {path}")
            continue
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(PAGES[path](), encoding="utf-8")
        print(f"carelane docs: wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
