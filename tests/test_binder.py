"""Binder's image: rendered by repo2docker from the files here, and its steps replayed."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import urllib.request
import warnings
from pathlib import Path

import pytest
from checkout import ROOT, copy_to
from packaging.markers import default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from benchmarks.starting import lab

FIRST_LESSON = "notebooks/00_orientation.ipynb"
# Conda splits some packages; under these names PyPI has the whole.
ON_PYPI = {
    "jupyterhub-singleuser": "jupyterhub",
    "jupyterhub-base": "jupyterhub",
    "nbconvert-core": "nbconvert",
}
pytestmark = pytest.mark.timeout(1800)  # a replay downloads and installs two environments' worth
LONGEST_START = 3  # seconds of processor time; by the clock as many on a free machine


def test_every_link_for_binder_opens_the_first_lesson():
    links = {}
    for page in ("README.md", "CONTRIBUTING.md", "INSTRUCTORS.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        links[page] = re.findall(r"lab/tree/([\w./-]+\.ipynb)", text)
    assert links["README.md"]
    assert {path for found in links.values() for path in found} == {FIRST_LESSON}
    assert (ROOT / FIRST_LESSON).is_file()


# --- what repo2docker makes of the repository


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Path:
    """The repository as it stands, in a folder of its own: postBuild writes into it."""
    return copy_to(tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="module")
def buildpack(repository):
    """The build pack that repo2docker chooses for the repository."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # in what repo2docker imports
        app = pytest.importorskip("repo2docker.app").Repo2Docker()
    here = Path.cwd()
    os.chdir(repository)  # repo2docker looks at the current folder, and so do its properties
    try:
        for kind in app.buildpacks:
            pack = kind(base_image=app.base_image)
            pack.platform = "linux/amd64"
            if pack.detect():
                yield pack
                return
        pytest.fail("repo2docker knows no way to build this repository")
    finally:
        os.chdir(here)


@pytest.fixture
def inside(repository, monkeypatch):
    monkeypatch.chdir(repository)


@pytest.mark.slow
def test_base_is_python_3_12_and_the_lock_is_all_that_is_added(buildpack, inside):
    assert type(buildpack).__name__ == "CondaBuildPack"
    assert buildpack.python_version == "3.12"
    *others, pip = buildpack.environment_yaml["dependencies"]
    assert others == ["python=3.12", "pip"]
    assert pip == {"pip": ["-r requirements.lock"]}


@pytest.mark.slow
def test_dockerfile_copies_the_repository_then_the_lock_then_postbuild(
    buildpack, repository, inside
):
    dockerfile = buildpack.render(build_args={})
    steps = ["COPY --chown=1000:1000 src/ ", '--file "environment.yml"', "RUN ./postBuild"]
    places = [dockerfile.index(step) for step in steps]
    assert places == sorted(places)
    assert (repository / "requirements.lock").is_file()
    assert stat.S_IMODE((repository / "postBuild").stat().st_mode) & 0o111


# --- the same steps, without a container


def base_lock(buildpack) -> Path:
    """The file of repo2docker's own that freezes the base environment."""
    folder = Path(sys.modules[type(buildpack).__module__].__file__).parents[1]
    (lock,) = [name for name in buildpack.get_build_script_files() if name.endswith(".lock")]
    return folder / lock


def frozen(buildpack) -> dict[str, str]:
    """Versions of the packages in Binder's base environment, by their names on PyPI."""
    address = re.compile(r"https://\S+/(?P<name>\S+)-(?P<version>[^-]+)-[^-]+\.(?:conda|tar\.bz2)#")
    lines = base_lock(buildpack).read_text(encoding="utf-8").splitlines()
    found = filter(None, map(address.match, lines))
    return {ON_PYPI.get(entry["name"], entry["name"]): entry["version"] for entry in found}


def asked_for(buildpack) -> list[str]:
    """The packages that the base environment is made for, as far as PyPI has them."""
    plain = base_lock(buildpack).with_name(f"environment.py-{buildpack.python_version}.yml")
    names = re.findall(r"^- ([\w-]+)", plain.read_text(encoding="utf-8"), re.MULTILINE)
    return [ON_PYPI.get(n, n) for n in names if n not in {"conda-forge", "python", "nodejs"}]


def lines_for_pip(versions: dict[str, str]) -> list[str]:
    """Constraints for pip; names that PyPI cannot have (such as _libgcc_mutex) are left out."""
    lines = []
    for name, version in versions.items():
        try:
            lines.append(str(Requirement(f"{name}=={version}")))
        except InvalidRequirement:
            continue
    return lines


class Image:
    """A virtual environment and a copy of the repository, made by Binder's steps."""

    def __init__(self, python: str, folder: Path, repository: Path):
        self.folder, self.repository = folder, repository
        self.base: dict[str, str] = {}  # the versions before the lock
        self.said = ""  # by postBuild
        subprocess.run([python, "-m", "venv", folder / "env"], check=True)
        self.python = str(folder / "env" / "bin" / "python")

    def run(self, *command: str) -> str:
        """Run a command as the user of the image would, and return all that it says."""
        env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        env |= {
            "PATH": os.pathsep.join([str(Path(self.python).parent), os.environ["PATH"]]),
            "HOME": str(self.folder / "home"),
            "CYTOLEARN_CACHE": str(self.folder / "cache"),
        }
        done = subprocess.run(
            command,
            cwd=self.repository,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}"
        return done.stdout

    def versions(self) -> dict[str, str]:
        """The installed packages."""
        listed = json.loads(self.run(self.python, "-m", "pip", "list", "--format=json"))
        return {canonicalize_name(entry["name"]): entry["version"] for entry in listed}


@pytest.fixture(scope="module")
def image(buildpack, repository, tmp_path_factory) -> Image:
    """Base environment, lock, postBuild: in this order, as in the Dockerfile."""
    version = buildpack.python_version
    same = f"{sys.version_info.major}.{sys.version_info.minor}" == version
    python = sys.executable if same else shutil.which(f"python{version}")
    # a shim of pyenv's may be there and start nothing
    if python is None or subprocess.run([python, "-V"], check=False).returncode:
        pytest.skip(f"Binder's Python {version} is not installed here")
    folder = tmp_path_factory.mktemp("image")
    made = Image(python, folder, repository)
    constraints = folder / "frozen.txt"
    constraints.write_text("\n".join(lines_for_pip(frozen(buildpack))), encoding="utf-8")
    pip = (made.python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install")
    made.run(*pip, "-c", str(constraints), *asked_for(buildpack))
    made.base = made.versions()
    made.run(*pip, "--upgrade", "-r", "requirements.lock")
    made.said = made.run("./postBuild")
    return made


@pytest.mark.slow
def test_replay_began_with_the_versions_of_binders_base(buildpack, image):
    expected = {canonicalize_name(name): version for name, version in frozen(buildpack).items()}
    for name in ("jupyterlab", "notebook", "ipykernel", "ipywidgets", "jupyterhub", "tornado"):
        assert image.base[name] == expected[name]


@pytest.mark.slow
def test_image_holds_the_lock_and_nothing_that_quarrels_with_it(image):
    image.run(image.python, "-m", "pip", "check")
    installed = image.versions()
    here = default_environment() | {"extra": ""}  # the same Python and system as the image
    here |= {"python_version": "3.12", "python_full_version": "3.12.12"}
    for line in (image.repository / "requirements.lock").read_text(encoding="utf-8").splitlines():
        pin = Requirement(line)
        if pin.marker is None or pin.marker.evaluate(here):
            assert pin.specifier.contains(installed[canonicalize_name(pin.name)]), line
    assert "cytolearn" in installed
    assert not {"rfc3987-syntax", "lark"} & installed.keys()  # they slow every start


@pytest.mark.slow
def test_postbuild_ran_a_patient_and_silenced_the_news(image):
    assert "IL-6 peaks at" in image.said  # the model is compiled, and says so
    listed = image.run(image.python, "-m", "jupyter", "labextension", "list")
    listed = re.sub(r"\x1b\[[\d;]*m", "", listed)  # colours
    assert re.search(r"@jupyter-widgets/jupyterlab-manager v\S+ enabled\s+OK", listed)
    assert not re.search(r"\bX\b|incompatible", listed)  # such as Binder's Notebook with our Lab
    assert "@jupyterlab/apputils-extension:announcements" in listed.partition("Disabled")[2]


@pytest.mark.slow
def test_lab_answers_soon_and_shows_what_the_first_lesson_stores(image):
    used = []
    for _ in range(3):
        with lab(image.python, image.repository, image.folder / "home") as (address, wall, cpu):
            used.append(cpu)
            print(f"JupyterLab answered after {wall:.1f} s, {cpu:.1f} s of processor time")
            with urllib.request.urlopen(f"{address}/lab/tree/{FIRST_LESSON}") as page:
                assert page.status == 200
                assert "jupyter-config-data" in page.read().decode()
            with urllib.request.urlopen(f"{address}/api/contents/{FIRST_LESSON}") as answer:
                notebook = json.load(answer)["content"]
    assert min(used) < LONGEST_START
    # A trusted notebook would look for widgets that no kernel has yet, instead of stored pictures.
    widgets = [
        cell
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        if "application/vnd.jupyter.widget-view+json" in output.get("data", {})
    ]
    assert widgets
    assert not any(cell["metadata"]["trusted"] for cell in widgets)


@pytest.mark.slow
def test_first_lesson_gives_its_stored_outputs(image):
    said = image.run(image.python, "-m", "pytest", "-n0", FIRST_LESSON)
    assert re.search(r"\d+ passed", said)
    assert "skipped" not in said
