"""The project as it is delivered: lock, Binder, licence, style, import direction, README."""

from __future__ import annotations

import importlib
import json
import os
import re
import stat
import subprocess
import sys
import tomllib
from types import SimpleNamespace

import pytest
from checkout import ROOT, committed
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
SUPPORTED = ["3.11", "3.12", "3.13"]


def texts() -> dict[str, str]:
    """Every committed text file, by its path inside the project."""
    result = {}
    for path in committed():
        if path.suffix not in {".gif", ".gz", ".npz", ".png", ".zip"}:
            result[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
    return result


def run(*command: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


# --- the lock and the dependencies


def pins() -> dict[str, list[Requirement]]:
    result: dict[str, list[Requirement]] = {}
    for line in LOCK:
        requirement = Requirement(line)
        result.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return result


def test_lock_holds_pins_and_nothing_else():
    for line in LOCK:
        assert re.fullmatch(r"[a-z0-9._-]+==[\w.]+( ; .+)?", line), line
        assert "://" not in line
        assert "@" not in line


def test_lock_leaves_out_what_slows_every_start():
    assert not {"rfc3987-syntax", "lark"} & pins().keys()


def test_lock_pins_notebook():
    # Binder's frozen base brings a Notebook that does not go with our JupyterLab.
    assert "notebook" in pins()


@pytest.mark.parametrize("version", SUPPORTED)
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_lock_satisfies_every_direct_dependency(version, platform):
    machine = {"linux": "x86_64", "darwin": "arm64", "win32": "AMD64"}[platform]
    environment = {
        "python_version": version,
        "python_full_version": f"{version}.9",
        "sys_platform": platform,
        "platform_machine": machine,
        "os_name": "nt" if platform == "win32" else "posix",
        "extra": "",
    }
    extras = PROJECT["project"]["optional-dependencies"]
    direct = [*PROJECT["project"]["dependencies"], *extras["lab"], *extras["dev"]]
    for text in direct:
        wanted = Requirement(text)
        if wanted.name == "cytolearn" or (
            wanted.marker and not wanted.marker.evaluate(environment)
        ):
            continue
        pinned = [
            pin
            for pin in pins().get(canonicalize_name(wanted.name), [])
            if pin.marker is None or pin.marker.evaluate(environment)
        ]
        assert len(pinned) == 1, f"{wanted.name} on {platform}, Python {version}: {pinned}"
        (pin,) = pinned[0].specifier
        assert wanted.specifier.contains(pin.version), f"{wanted} against {pinned[0]}"


def test_extras_outside_the_lock_pin_themselves():
    extras = PROJECT["project"]["optional-dependencies"]
    for name in extras.keys() - {"lab", "dev"}:
        for text in extras[name]:
            assert "==" in text, f"{name}: {text}"


def test_supported_pythons_agree_everywhere():
    wanted = SpecifierSet(PROJECT["project"]["requires-python"])
    assert [f"3.{minor}" for minor in range(8, 20) if wanted.contains(f"3.{minor}.5")] == SUPPORTED
    workflow = (ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8")
    assert f"python: {json.dumps(SUPPORTED)}" in workflow
    for version in SUPPORTED:
        assert f"Programming Language :: Python :: {version}" in PROJECT["project"]["classifiers"]


# --- Binder


def test_environment_is_one_python_and_the_lock():
    lines = (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()
    code = [line.split(" #")[0].rstrip() for line in lines]
    entries = code[code.index("dependencies:") + 1 :]
    assert entries == ["  - python=3.12", "  - pip", "  - pip:", "      - -r requirements.lock"]
    assert "3.12" in SUPPORTED


def test_postbuild_is_executable_and_installs_without_dependencies():
    path = ROOT / "postBuild"
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) & 0o111
    listed = run("git", "ls-files", "--stage", "postBuild", cwd=ROOT)
    if listed.stdout:
        assert listed.stdout.startswith("100755")
    text = path.read_text(encoding="utf-8")
    for needed in (
        "set -euo pipefail",
        "pip install --no-deps --no-cache-dir -e .",
        "pip uninstall -y rfc3987-syntax lark",
        'labextension disable "@jupyterlab/apputils-extension:announcements"',
    ):
        assert needed in text, needed
    if os.name == "posix":  # the bash that Windows finds first is another system's
        assert run("bash", "-n", str(path)).returncode == 0


# --- nothing private, nothing from this machine


def test_no_file_names_a_machine_path_or_a_package_index():
    # Written in pieces, so that this file does not find itself.
    forbidden = re.compile(
        "|".join(
            [
                r"(?<![\w.])/(?:wor" + r"k|roo" + r"t|op" + r"t|hom" + r"e/\w+)/[\w.]",
                r"\.\./sha" + "red",
                r"(?:extra-)?index-ur" + r"l\s*=",
                r"/simp" + r"le/?(?:\s|$|\")",
                r"files\.pytho" + r"nhosted",
                r"registry\.npm" + r"js",
            ]
        )
    )
    found = [
        f"{name}: {match.group()}"
        for name, text in texts().items()
        if (match := forbidden.search(text))
    ]
    assert not found


def test_no_other_lock_file_is_committed():
    others = {"uv.lock", "poetry.lock", "pylock.toml", "package-lock.json", "Pipfile.lock"}
    assert not others & {path.name for path in committed()}


# --- the README and .ci/run


def readme_commands() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^python -m pip install .*$", text, flags=re.MULTILINE)


def test_readme_gives_the_two_commands_on_its_first_screen():
    learn, test = readme_commands()[:2]
    assert re.fullmatch(
        r'python -m pip install -c requirements\.lock -e "\.\[lab\]" && jupyter lab (\S+\.ipynb)',
        learn,
    )
    assert test == 'python -m pip install -c requirements.lock -e ".[dev]" && pytest'
    first_screen = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:40]
    assert learn in first_screen
    assert test in first_screen


def test_readme_opens_a_notebook_that_exists():
    notebook = readme_commands()[0].split()[-1]
    assert (ROOT / notebook).is_file()


def test_readme_links_and_pictures_exist():
    for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#\s]+)", text):
            if "://" not in target:
                assert (ROOT / target).exists(), f"{name}: {target}"


@pytest.mark.skipif(os.name != "posix", reason="bash script")
def test_ci_runs_exactly_the_readme_command():
    pattern = r"^python -m pip install .*\[dev\].*&& pytest$"
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert f"grep -m1 -E '{pattern}' README.md" in script
    assert re.findall(pattern, (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE) == [
        readme_commands()[1]
    ]
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
    assert run("bash", "-n", ".ci/run", cwd=ROOT).returncode == 0


def test_the_workflow_keeps_the_pictures_that_ci_takes_even_when_tests_failed():
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    workflow = (ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8")
    [step] = [step for step in workflow.split("      - ") if "upload-artifact@" in step]
    [folder] = re.findall(r"^ +path: (\S+)$", step, flags=re.MULTILINE)
    assert "if: ${{ !cancelled() }}" in step
    assert "if-no-files-found: error" in step
    assert f"pictures=${{CYTOLEARN_SCREENSHOTS:-$PWD/{folder}}}" in script
    assert 'python tests/browser/pictures.py "$pictures"' in script


def test_each_lesson_has_one_worker_for_all_its_browser_tests(request):
    settings = {"dist": "loadscope", "tx": ["2*popen"], "loadscopereorder": True}
    config = SimpleNamespace(getvalue=settings.__getitem__)
    [scheduler] = [
        plugin.pytest_xdist_make_scheduler(config, None)
        for plugin in request.config.pluginmanager.get_plugins()
        if getattr(plugin, "__file__", None) == str(ROOT / "tests" / "conftest.py")
    ]
    scope = scheduler._split_scope
    paths = [f"tests/browser/test_{name}.py::test_page" for name in ("journey", "pictures")]
    assert {scope(f"{path}[storm]") for path in paths} == {scope(f"{paths[0]}[storm]")}
    assert scope(f"{paths[0]}[storm]") != scope(f"{paths[0]}[ward]")
    # anything else stays with its module, or with its notebook
    assert (
        scope("tests/browser/test_pictures.py::test_bad[tab1]") == "tests/browser/test_pictures.py"
    )
    assert scope("tests/test_ward.py::test_bed[storm]") == "tests/test_ward.py"
    assert scope("notebooks/03_storm.ipynb::Cell 1") == "notebooks/03_storm.ipynb"


def test_version_is_said_once_and_cited():
    import cytolearn

    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {cytolearn.__version__}\n" in citation
    assert f"## {cytolearn.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


# --- the package from outside


def test_the_command_can_say_names_that_its_pipe_cannot_hold(tmp_path):
    command = (sys.executable, "-m", "cytolearn", "start", str(tmp_path / "Łódź"))
    done = run(*command, env={**os.environ, "PYTHONIOENCODING": "cp1252"}, encoding="cp1252")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "Łódź" / "00_orientation.ipynb").is_file()
    assert r"\u0141" in done.stdout


def test_public_names_are_few_and_all_there():
    import cytolearn

    assert len(cytolearn.__all__) <= 25
    assert sorted(set(cytolearn.__all__)) == sorted(cytolearn.__all__)
    for name in cytolearn.__all__:
        assert getattr(cytolearn, name) is not None
    assert set(cytolearn.__all__) <= set(dir(cytolearn))


def test_unknown_public_name_says_what_there_is():
    import cytolearn

    with pytest.raises(AttributeError, match="Patient"):
        cytolearn.Pateint  # noqa: B018


def test_import_is_light():
    heavy = [
        "pandas",
        "matplotlib",
        "roadrunner",
        "scipy",
        "ipywidgets",
        "IPython",
        "numpy",
        "libsbml",
    ]
    code = f"import sys, cytolearn; print([m for m in {heavy} if m in sys.modules])"
    assert run(sys.executable, "-c", code, cwd=ROOT).stdout.strip() == "[]"


@pytest.mark.parametrize(
    "module",
    sorted(
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "cytolearn").glob("*/__init__.py")
    ),
)
def test_every_room_imports_alone_and_explains_itself(module):
    assert (importlib.import_module(module).__doc__ or "").strip()


# --- style and import direction


def test_ruff_is_content():
    result = run(sys.executable, "-m", "ruff", "check", "--no-cache", ".", cwd=ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_imports_point_one_way():
    code = "import importlinter.cli as cli; raise SystemExit(cli.lint_imports(no_cache=True))"
    result = run(sys.executable, "-c", code, cwd=ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


# --- notebooks

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_is_executed_and_uses_nothing_forbidden(path):
    # What freezes, jumps or breaks strict comparison: measured, see CONTRIBUTING.md.
    forbidden = ["%matplotlib", "interact(", "interactive_output(", "Output(", "clear_output"]
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code":
            continue
        assert cell["execution_count"] is not None, source
        assert not [word for word in forbidden if word in source], source
        assert not re.search(r";\s*$", source, re.MULTILINE), source
        assert not re.search(r"^\s*[!%]", source, re.MULTILINE), source
        assert len(source.splitlines()) <= 8, source
        assert not [o for o in cell["outputs"] if o["output_type"] == "error"], source
