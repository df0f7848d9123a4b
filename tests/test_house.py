"""The arrows of the house: who may import whom, read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.maths.losses import LOSSES

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted([*ROOT.glob("core/**/*.py"), *ROOT.glob("playground/**/*.py")])

# Inside the core: what each room may import of the others.
CORE = {
    "core.refusals": set(),
    "core.archives": {"core.maths"},
    "core.maths": set(),
    "core.experiment": {"core.maths"},
    "core.data": {"core.archives", "core.experiment", "core.maths"},
    "core.engine": {"core.costs", "core.experiment", "core.maths", "core.data"},
    "core.network": {
        *("core.engine", "core.data", "core.experiment", "core.maths"),
        *("core.edits", "core.run"),
    },
    "core.costs": set(),
    "core.presets": {"core.experiment"},
    "core.monitor": {"core.experiment", "core.maths"},
    "core.history": {"core.experiment", "core.maths", "core.monitor"},
    "core.edits": {"core.experiment", "core.maths"},
    "core.evaluation": {"core.data", "core.engine", "core.maths"},
    "core.run": {"core.edits", "core.engine", "core.experiment", "core.maths"},
}
CORE = {room: {*below, "core.refusals"} for room, below in CORE.items()}
BELOW_TRAINER = {*CORE, "core.trainer"}
CORE["core.trainer"] = set(CORE)
CORE["core.crossvalidation"] = {*BELOW_TRAINER, "core.inspect"}
CORE["core.population"] = CORE["core.exchange"] = CORE["core.inspect"] = BELOW_TRAINER

# The page: what each room may import of the others. First what decides and draws nothing itself.
PAGE: dict[str, set[str]] = {"playground.locales": set(), "playground.charts": set()}
PAGE["playground.settings"] = {"playground.locales"}
PAGE["playground.changes"] = set()
PAGE["playground.fields"] = {"playground.changes"}
PAGE["playground.tables"] = set()
PAGE["playground.marking"] = set()
PAGE["playground.byhand"] = {"playground.marking"}
PAGE["playground.drafts"] = {"playground.byhand", "playground.marking", "playground.tables"}
PAGE["playground.albums"] = {"playground.tables"}
PAGE["playground.desk"] = {
    *("playground.albums", "playground.changes", "playground.drafts", "playground.tables"),
}
PAGE["playground.drawing"] = {"playground.changes"}
PAGE["playground.link"] = {
    *("playground.settings", "playground.changes", "playground.fields", "playground.tables"),
}
PAGE["playground.files"] = {"playground.link", "playground.changes"}
PAGE["playground.thumbnails"] = set()
PAGE["playground.presets"] = {"playground.settings"}
PAGE["playground.folds"] = {"playground.live"}
DECIDES = {*PAGE} - {"playground.charts"}
PAGE["playground.sentences"] = {"playground.locales", "playground.fields", "playground.link"}
PAGE["playground.live"] = {"playground.locales"}
PAGE["playground.session"] = {*DECIDES, "playground.live", "playground.sentences"}
WIDGETS = ("playground.controls", "playground.transport", "playground.view_options")
BELOW_WIDGETS = {*DECIDES, "playground.live", "playground.session", "playground.sentences"}
PAGE |= dict.fromkeys(WIDGETS, BELOW_WIDGETS)
PAGE["playground.messages"] = {*PAGE["playground.transport"], "playground.transport"}
PAGE["playground.views"] = {*PAGE}
PAGE["playground.page"] = {*PAGE}
PAGE["playground.streamlit_app"] = {"playground.live"}

COMPILED = {"numba", "llvmlite"}
HEAVY = {
    "numba",
    "llvmlite",
    "scipy",
    "sklearn",
    "plotly",
    "pandas",
    "polars",
    "pyarrow",
    "fastexcel",
}


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module that the nodes of this tree import, `from a import b` as `a` and `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the arrows"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_by(path: Path) -> set[str]:
    return set(imports(ast.parse(path.read_text(encoding="utf-8"))))


def imported_at_once(path: Path) -> set[str]:
    """What importing this module imports: everything outside of functions and of type checking."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    deferred = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    found, waiting = set(), [tree]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            if isinstance(node, ast.Import | ast.ImportFrom):
                found |= set(imports(node))
            elif not isinstance(node, deferred) and not only_for_types(node):
                waiting.append(node)
    return found


def only_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def roots(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


def room_of(module: str, rooms: dict[str, set[str]]) -> str | None:
    """The room that a module lives in: `core.maths.losses` lives in `core.maths`."""
    return next((room for room in rooms if f"{module}.".startswith(f"{room}.")), None)


def cases(*patterns: str) -> list[object]:
    """One test case for every source file of these modules."""
    chosen = [p for p in SOURCES if any(f"{module_of(p)}.".startswith(f"{m}.") for m in patterns)]
    return [pytest.param(path, id=module_of(path)) for path in chosen]


@pytest.mark.parametrize("path", cases("core"))
def test_the_core_knows_no_screen(path: Path) -> None:
    assert not roots(imported_by(path)) & {"streamlit", "plotly", "playground", "starlette"}


@pytest.mark.parametrize("path", cases("core", "playground"))
def test_only_the_engine_compiles(path: Path) -> None:
    if not module_of(path).startswith("core.engine"):
        assert not roots(imported_by(path)) & COMPILED


@pytest.mark.parametrize("path", cases("core"))
def test_rooms_of_the_core_import_only_what_is_below_them(path: Path) -> None:
    room = room_of(module_of(path), CORE)
    if room is None:
        assert module_of(path) == "core", f"{path} has no room in this test's map"
        return
    used = {room_of(module, CORE) for module in imported_by(path)} - {None, room}
    assert used <= CORE[room]


@pytest.mark.parametrize("path", cases("playground"))
def test_rooms_of_the_page_import_only_what_is_below_them(path: Path) -> None:
    room = room_of(module_of(path), PAGE)
    if room is None:
        assert module_of(path) == "playground", f"{path} has no room in this test's map"
        return
    used = {room_of(module, PAGE) for module in imported_by(path)} - {None, room}
    assert used <= PAGE[room]


@pytest.mark.parametrize("path", cases("playground"))
def test_the_page_asks_networks_and_trainers_not_the_engine(path: Path) -> None:
    """Apart from the pool that drives runs, compiling kernels, and whether there is a GPU."""
    used = {module for module in imported_by(path) if f"{module}.".startswith("core.engine.")}
    allowed = ("core.engine.scheduler", "core.engine.warm", "core.engine.cuda.devices")
    allowed += ("core.engine.cuda.warm",)
    assert not {module for module in used if not module.startswith(allowed)}


@pytest.mark.parametrize("path", cases("core", "playground"))
def test_a_new_loss_is_one_record(path: Path) -> None:
    """No rule asks for a loss by its name: what it asks for is a field of the loss's record."""
    compared = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if is_compare(node)]
    named = {part.value for node in compared for part in ast.walk(node) if is_text(part)}
    assert not named & set(LOSSES)


def is_compare(node: ast.AST) -> bool:
    return isinstance(node, ast.Compare)


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@pytest.mark.parametrize("path", cases("playground"))
def test_only_the_session_touches_session_state(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    touches = [n for n in ast.walk(tree) if getattr(n, "attr", None) == "session_state"]
    # A component's callback can read what the browser sent only there, under its own key.
    own = {"playground.live.component", "playground.live.chart"}
    module = module_of(path)
    assert not touches or module in own or f"{module}.".startswith("playground.session.")


@pytest.mark.parametrize("path", cases("playground.views", "playground.session"))
def test_whoever_shows_a_run_reads_it_where_a_failing_gpu_is_dealt_with(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert "trainer" not in [getattr(call, "attr", "") for call in calls], "see HeldRun.read"


@pytest.mark.parametrize("path", cases("playground.charts", *sorted(DECIDES)))
def test_what_decides_and_what_makes_figures_works_without_a_page(path: Path) -> None:
    assert "streamlit" not in roots(imported_by(path))


def test_importing_the_core_and_drawing_the_page_loads_nothing_heavy() -> None:
    for first in ("core", "playground.streamlit_app", "playground.page"):
        for module in loaded_with(first):
            heavy = roots(imported_at_once(FILES[module])) & HEAVY
            assert not heavy, f"importing {first} reaches {module}, which imports {heavy}"


FILES = {module_of(path): path for path in SOURCES}


def loaded_with(first: str) -> set[str]:
    """Our modules that come along when `first` is imported."""
    found: set[str] = set()
    waiting = [first]
    while waiting:
        module = waiting.pop()
        if module in FILES and module not in found:
            found.add(module)
            waiting += [*imported_at_once(FILES[module]), module.rpartition(".")[0]]
    return found


def test_there_are_no_stray_rooms() -> None:
    assert SOURCES
    assert {module_of(path).partition(".")[0] for path in SOURCES} == {"core", "playground"}
    assert not [path for path in SOURCES if path.stem in {"utils", "helpers", "misc"}]
