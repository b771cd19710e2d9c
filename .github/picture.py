"""Make course.gif, the moving picture in the README: lesson 1's explorer in a real JupyterLab.

A slider is moved by its keys, step by step, and photographed after each. Needs the `dev` and
`browser` extras and Chromium: ``python .github/picture.py [TARGET]``.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

import nbformat
from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from benchmarks import browser  # noqa: E402

WIDTH, HEIGHT = 1330, 1300  # three columns, and nothing out of sight
STEPS, PRESSES = 12, 4  # pictures, and presses of a key between them
MILLISECONDS, REST = 220, 2200  # a picture is shown, and the first and the last
PICTURE = ".cl-panels[data-rev]"
HANDLE = ".cl-at-sensing_delay .noUi-handle"
CODE = """import cytolearn as cl

app = cl.Patient("mild").explore()
app.set(ifn_production=0.4)"""


def notebook(path: Path) -> None:
    """Write the notebook to be photographed."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE)])
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, path)


def pictures(page) -> list[Image.Image]:
    """Move the slider to the right and photograph the app after every few steps."""
    app = page.locator(".cl-app")

    def photograph() -> Image.Image:
        page.wait_for_timeout(1500)  # the words wait until the hand rests
        return Image.open(io.BytesIO(app.screenshot())).convert("RGB")

    page.locator(HANDLE).focus()
    found = [photograph()]
    for _ in range(STEPS):
        for _ in range(PRESSES):
            rev = page.get_attribute(PICTURE, "data-rev")
            page.keyboard.press("ArrowRight")
            page.wait_for_function(
                "rev => document.querySelector('.cl-panels').dataset.rev !== rev", arg=rev
            )
        found.append(photograph())
    return found


def main() -> None:
    """Start JupyterLab, run the notebook, photograph it, write the moving picture."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "course.gif"
    with (
        tempfile.TemporaryDirectory() as home,
        browser.chromium() as chromium,
        browser.jupyterlab(Path(home)) as (address, root),
    ):
        notebook(root / "interferon.ipynb")
        url = f"{address}/doc/tree/interferon.ipynb?reset"
        page = browser.open_notebook(chromium, url, width=WIDTH, height=HEIGHT)
        browser.run_all(page)
        page.locator(HANDLE).wait_for()
        page.locator(".cl-twin", has_text="Mild").first.wait_for()
        frames = pictures(page)
    box = tuple(max(frame.size[i] for frame in frames) for i in (0, 1))
    same = [Image.new("RGB", box, "white") for _ in frames]  # the words below may need more lines
    for canvas, frame in zip(same, frames, strict=True):
        canvas.paste(frame)
    # One palette for all, so that nothing flickers.
    palette = same[-1].quantize(colors=48, dither=Image.Dither.NONE)
    film = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in same]
    times = [REST, *[MILLISECONDS] * (len(film) - 2), REST]
    film[0].save(target, save_all=True, append_images=film[1:], duration=times, loop=0)
    print(f"{target.name}: {target.stat().st_size / 1e3:.0f} kB, {len(film)} pictures, {box}")


if __name__ == "__main__":
    main()
