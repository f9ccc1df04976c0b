"""Draws *Digits in scenes*: handwritten digits on photographs, 48x48 grey pixels in linear light.

Each scene is one UCI handwritten digit (8x8, from scikit-learn), rotated, scaled, placed and painted
lighter or darker than its surroundings on a crop of one of scikit-learn's two photographs, then lit by
a dim, uneven lamp. Glyphs and photo columns are disjoint between training, calibration and test.

    python render.py --split test --count 1000 --seed 1 --out .
    python render.py --split test --count 32 --seed 1 --sheet contact-sheet.png

Scene i of a (split, seed) does not depend on --count, so a longer run extends a shorter one.
Randomness comes from numpy's Philox generator alone.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images

SIDE = 48
"""Pixels along each edge of a scene."""

SPLIT_KEY = 1998
"""Philox key of the permutation that deals the glyphs to the splits."""

BATCH = 256
"""Scenes rendered at once; bounds the memory and does not change the result."""


@dataclass(frozen=True)
class Split:
    """What one split may use: a slice of the permuted glyphs and a range of photo columns."""

    stream: int
    glyphs: slice
    columns: tuple[int, int]


SPLITS = {
    "training": Split(0, slice(0, 1041), (0, 288)),
    "calibration": Split(1, slice(1041, 1297), (288, 384)),
    "test": Split(2, slice(1297, 1797), (384, 640)),
}


@dataclass(frozen=True)
class Lighting:
    """Ranges of the lamp and the paint, as fractions of the sensor's full scale or of 1."""

    exposure: tuple[float, float] = (0.25, 0.9)
    """Exposure at the centre, drawn log-uniformly; below 1 the scene is dim."""
    gradient: float = 0.5
    """Largest relative change of the illumination from the centre to an edge."""
    lighter: tuple[float, float] = (0.25, 0.6)
    """Reflectance that light paint adds to the mean of the background under the glyph."""
    darker: tuple[float, float] = (0.55, 0.9)
    """Share of that mean reflectance that dark paint takes away."""
    haze: float = 0.45
    """Share of the photograph's contrast that is lost, as behind glass or out of focus."""
    threshold: float = 0.45
    """Backgrounds with a lower mean reflectance get light paint, the others dark paint."""


LIGHTING = Lighting()

DRAWS = (
    "photo", "column", "row", "zoom", "mirror", "angle", "size", "slant",
    "glyph_x", "glyph_y", "paint", "exposure", "gradient", "direction",
)
"""Names of the uniform draws of one scene, in the order of the random stream."""


def permuted_glyphs() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns images [1797, 8, 8] in 0..1, labels and original indices, in the order of the splits."""
    digits = load_digits()
    order = np.random.Generator(np.random.Philox(key=SPLIT_KEY)).permutation(len(digits.target))
    return digits.images[order] / 16.0, digits.target[order].astype(np.uint8), order


def linear_photos() -> np.ndarray:
    """Returns the photographs [2, 427, 640] as luminance in linear light (inverse sRGB, Rec. 709)."""
    srgb = np.stack(load_sample_images().images) / 255.0
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def bilinear(stack: np.ndarray, index: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Samples stack[index] at (y, x), all [n, h, w] after broadcasting; zero outside the image."""
    padded = np.pad(stack, ((0, 0), (1, 2), (1, 2)))
    y = np.clip(y + 1.0, 0.0, stack.shape[1] + 1.0)
    x = np.clip(x + 1.0, 0.0, stack.shape[2] + 1.0)
    top, left = y.astype(np.int64), x.astype(np.int64)
    fy, fx = y - top, x - left
    index = index[:, None, None]
    upper = padded[index, top, left] * (1 - fx) + padded[index, top, left + 1] * fx
    lower = padded[index, top + 1, left] * (1 - fx) + padded[index, top + 1, left + 1] * fx
    return upper * (1 - fy) + lower * fy


class Renderer:
    """Draws the scenes of one split; (split, seed, position) alone decides a scene."""

    def __init__(self, split: str) -> None:
        """Loads glyphs and photographs and keeps the part that the split may use."""
        part = SPLITS[split]
        glyphs, labels, _ = permuted_glyphs()
        self.stream = part.stream
        self.glyphs, self.labels = glyphs[part.glyphs], labels[part.glyphs]
        self.photos = linear_photos()[:, :, part.columns[0] : part.columns[1]]

    def scenes(self, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns images [count, 48, 48] and labels [count], both uint8; glyphs are used in turn."""
        key = np.array([seed, self.stream], dtype=np.uint64)
        draws = np.random.Generator(np.random.Philox(key=key)).random((count, len(DRAWS)))
        turn = np.arange(count) % len(self.labels)
        starts = range(0, count, BATCH)
        images = [self._batch(draws[s : s + BATCH], turn[s : s + BATCH]) for s in starts]
        return np.concatenate(images), self.labels[turn]

    def _batch(self, draws: np.ndarray, turn: np.ndarray) -> np.ndarray:
        """Renders a batch: background, paint where the glyph is, light, 8-bit linear codes."""
        u = {name: draws[:, k, None, None] for k, name in enumerate(DRAWS)}
        axis = np.arange(SIDE) - (SIDE - 1) / 2
        y, x = axis[None, :, None], axis[None, None, :]
        background = self._background(u, y, x)
        ink = self._ink(u, turn, y, x)
        weight = ink + 1e-9
        mean = (background * weight).sum((1, 2), keepdims=True) / weight.sum((1, 2), keepdims=True)
        light = mean + between(LIGHTING.lighter, u["paint"])
        dark = mean * (1 - between(LIGHTING.darker, u["paint"]))
        paint = np.where(mean < LIGHTING.threshold, light, dark)
        reflectance = background * (1 - ink) + paint * ink
        codes = np.rint(255 * reflectance * self._illumination(u, y, x))
        return np.clip(codes, 0, 255).astype(np.uint8)

    def _background(self, u: dict[str, np.ndarray], y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Crops a photograph at 1 to 1.5 photo pixels per scene pixel, mirrored half the time."""
        zoom = between((1.0, 1.5), u["zoom"])
        margin = zoom * (SIDE - 1) / 2
        height, width = self.photos.shape[1:]
        centre_y = margin + u["row"] * (height - 1 - 2 * margin)
        centre_x = margin + u["column"] * (width - 1 - 2 * margin)
        sign = np.where(u["mirror"] < 0.5, -1.0, 1.0)
        photo = (u["photo"][:, 0, 0] * len(self.photos)).astype(np.int64)
        crop = bilinear(self.photos, photo, centre_y + zoom * y, centre_x + sign * zoom * x)
        return crop + LIGHTING.haze * (crop.mean(axis=(1, 2), keepdims=True) - crop)

    def _ink(self, u: dict[str, np.ndarray], turn: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Covers 0..1: the glyph turned by up to 20 degrees, 22 to 34 pixels tall, up to 6 off centre."""
        angle = np.deg2rad(between((-20.0, 20.0), u["angle"]))
        cell = between((22.0, 34.0), u["size"]) / 8
        dy = y - between((-6.0, 6.0), u["glyph_y"])
        dx = x - between((-6.0, 6.0), u["glyph_x"])
        down = (np.cos(angle) * dy - np.sin(angle) * dx) / cell
        across = (np.sin(angle) * dy + np.cos(angle) * dx) / cell
        across = across + between((-0.2, 0.2), u["slant"]) * down
        grey = bilinear(self.glyphs, turn, down + 3.5, across + 3.5)
        return np.clip(1.5 * grey - 0.2, 0.0, 1.0)

    def _illumination(self, u: dict[str, np.ndarray], y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Exposure times a linear gradient in a random direction."""
        low, high = LIGHTING.exposure
        exposure = low * (high / low) ** u["exposure"]
        direction = 2 * np.pi * u["direction"]
        slope = LIGHTING.gradient * u["gradient"] / (SIDE / 2)
        return exposure * (1 + slope * (np.cos(direction) * x + np.sin(direction) * y))


def between(limits: tuple[float, float], u: np.ndarray) -> np.ndarray:
    """Maps uniform draws in 0..1 to the interval between the limits."""
    return limits[0] + (limits[1] - limits[0]) * u


def write_idx(path: Path, values: np.ndarray) -> None:
    """Writes unsigned bytes as gzipped IDX, without time or name, so that equal data give equal files."""
    header = struct.pack(">HBB", 0, 8, values.ndim) + struct.pack(f">{values.ndim}I", *values.shape)
    with path.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(header + values.tobytes())
    print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.stat().st_size:>9,}  {path.name}")


def read_idx(path: Path) -> np.ndarray:
    """Reads a gzipped IDX file of unsigned bytes."""
    raw = gzip.decompress(path.read_bytes())
    shape = struct.unpack(f">{raw[3]}I", raw[4 : 4 + 4 * raw[3]])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(shape)


def write_sheet(path: Path, images: np.ndarray, labels: np.ndarray) -> None:
    """Writes a PNG of the scenes, eight in a row, brightened (gamma 2.2) and with the label above each."""
    from PIL import ImageDraw

    rows, cell = -(-len(images) // 8), (SIDE * 2 + 4, SIDE * 2 + 16)
    sheet = Image.new("L", (8 * cell[0], rows * cell[1]), 255)
    pen = ImageDraw.Draw(sheet)
    for k, (image, label) in enumerate(zip(images, labels)):
        left, top = k % 8 * cell[0] + 2, k // 8 * cell[1]
        shown = Image.fromarray(np.rint(255 * (image / 255) ** (1 / 2.2)).astype(np.uint8))
        sheet.paste(shown.resize((SIDE * 2, SIDE * 2), Image.Resampling.NEAREST), (left, top + 14))
        pen.text((left, top + 1), str(label), fill=0)
    sheet.quantize(32).save(path, optimize=True)


def main() -> None:
    """Reads the command line, renders, writes the files asked for and prints their SHA-256."""
    parser = argparse.ArgumentParser(description="Draw Digits in scenes.")
    parser.add_argument("--split", choices=SPLITS, required=True)
    parser.add_argument("--count", type=int, required=True, help="number of scenes")
    parser.add_argument("--seed", type=int, required=True, help="0 or more; same seed, same bytes")
    parser.add_argument("--out", type=Path, help="folder for the two IDX files")
    parser.add_argument("--sheet", type=Path, help="PNG of the scenes to look at")
    args = parser.parse_args()
    images, labels = Renderer(args.split).scenes(args.count, args.seed)
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        write_idx(args.out / f"{args.split}-images-idx3-ubyte.gz", images)
        write_idx(args.out / f"{args.split}-labels-idx1-ubyte.gz", labels)
    if args.sheet:
        write_sheet(args.sheet, images, labels)


if __name__ == "__main__":
    main()
