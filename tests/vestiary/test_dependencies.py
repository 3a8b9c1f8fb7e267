"""Who imports whom: imports inside functions and for type checkers count as well."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAGES = ("scrapers", "curation", "densepose_labeler")
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("manifests", *STAGES, "vestiary", "demo", "tools")
    for path in (ROOT / package).rglob("*.py")
}


def _imported(module: str) -> set[str]:
    """The modules of ours that `module` names in imports."""
    path = MODULES[module]
    package = module if path.stem == "__init__" else module.rpartition(".")[0]
    names = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), package)
            within = {f"{source}.{alias.name}" for alias in node.names}
            names |= within & MODULES.keys() or {source}
    return names & MODULES.keys() - {module}


GRAPH = {module: _imported(module) for module in MODULES}


def test_no_module_depends_on_itself_in_a_roundabout_way() -> None:
    try:
        TopologicalSorter(GRAPH).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


@pytest.mark.parametrize(
    ("package", "allowed"),
    [("manifests", {"manifests"}), *((stage, {stage, "manifests"}) for stage in STAGES)],
)
def test_stages_know_the_contract_and_not_each_other(package: str, allowed: set[str]) -> None:
    edges = {(module, other) for module in GRAPH for other in GRAPH[module] if module.partition(".")[0] == package}
    assert edges and not {edge for edge in edges if edge[1].partition(".")[0] not in allowed}
