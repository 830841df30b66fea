#!/usr/bin/python3
"""Write the compact golden cases of augmentation in golden/: what Pillow makes of made-up images. TestGolden reads them.

    ./make_augment_golden.py            both cases below, into golden/ beside this script
    ./make_augment_golden.py --out DIR  into another folder

Needs python3-pil and python3-numpy (written with Debian's 9.4 and 1.24). torchvision's transforms of Pillow images call
Pillow; the calls below are those of torchvision 0.14, so the cases say what torchvision gives, without needing it.

augment: crop, flip, colour, normalise, erase, with the draws given.
    images.safetensors.gz   x uint8 (N, 3, 32, 32)
    expect.safetensors.gz   jittered uint8 (N, 3, 32, 32), after crop, flip and colour; y float32, normalised and erased
    case.json               draws: top and left of the crop in the image padded by 4, flip, order (0 brightness, 1 contrast,
                            2 saturation, 3 hue) and their factors, erase [top, left, height, width] or null
randaugment: each operation of torchvision's RandAugment by itself, at levels 9 and 20 of 31 and, where it moves the image, at -9.
    images.safetensors.gz   x uint8 (N, 3, 32, 32)
    expect.safetensors.gz   NAME.K uint8 (N, 3, 32, 32) for ops[K] = name, magnitude of case.json
"""
import argparse
import gzip
import json
import math
import pathlib
import struct

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

MEAN, STD = np.float32([0.5071, 0.4867, 0.4408]), np.float32([0.2675, 0.2565, 0.2761])
SIDE = 32


def made_up(rng, n):
    """Smooth colours with noise; every fourth image is of few, low values, so that contrast can be stretched."""
    row, column = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    images = []
    for i in range(n):
        waves = [np.sin(rng.uniform(1, 9) * row + rng.uniform(1, 9) * column + rng.uniform(0, 6)) for _ in range(3)]
        image = 127 + 110 * np.stack(waves, -1) + rng.normal(0, 12, (SIDE, SIDE, 3))
        if i % 4 == 3:
            image = 20 + image / 5
        images.append(image.clip(0, 255).astype(np.uint8))
    return images


def planes(images):
    return np.stack([np.asarray(i).transpose(2, 0, 1) for i in images])


def hue(image, turn):
    h, s, v = image.convert("HSV").split()
    h = Image.fromarray((np.asarray(h).astype(int) + int(turn * 255)).astype(np.uint8), "L")  # modulo 256
    return Image.merge("HSV", (h, s, v)).convert("RGB")


COLOUR = [
    ("brightness", lambda i, f: ImageEnhance.Brightness(i).enhance(f)),
    ("contrast", lambda i, f: ImageEnhance.Contrast(i).enhance(f)),
    ("saturation", lambda i, f: ImageEnhance.Color(i).enhance(f)),
    ("hue", hue),
]


def augment_case(rng, images):
    draws, jittered, y = [], [], []
    for n, pixels in enumerate(images):
        d = dict(top=int(rng.integers(0, 9)), left=int(rng.integers(0, 9)), flip=bool(n % 2),
                 order=[int(i) for i in rng.permutation(4)], hue=float(rng.uniform(-0.02, 0.02)), erase=None)
        for name in ("brightness", "contrast", "saturation"):
            d[name] = float(np.float32(rng.uniform(0.8, 1.2)))
        if n % 3:
            height, width = (int(v) for v in rng.integers(3, 20, 2))
            d["erase"] = [int(rng.integers(0, SIDE - height + 1)), int(rng.integers(0, SIDE - width + 1)), height, width]
        padded = np.zeros((SIDE + 8, SIDE + 8, 3), np.uint8)
        padded[4:-4, 4:-4] = pixels
        image = Image.fromarray(padded).crop((d["left"], d["top"], d["left"] + SIDE, d["top"] + SIDE))
        if d["flip"]:
            image = ImageOps.mirror(image)
        for step in d["order"]:
            name, change = COLOUR[step]
            image = change(image, d[name])
        jittered.append(image)
        x = (np.asarray(image).astype(np.float32) / np.float32(255) - MEAN) / STD
        if d["erase"]:
            top, left, height, width = d["erase"]
            x[top:top + height, left:left + width] = 0
        y.append(x.transpose(2, 0, 1))
        draws.append(d)
    return dict(kind="augment", images=len(images), draws=draws), dict(jittered=planes(jittered), y=np.stack(y))


def affine(image, matrix):
    """matrix takes a pixel of the result to where it comes from."""
    return image.transform(image.size, Image.AFFINE, matrix, Image.NEAREST, fillcolor=0)


OPERATIONS = {  # magnitudes by level 0 to 30, whether the image moves, what is done
    "Identity": (None, False, lambda i, m: i),
    "ShearX": (np.linspace(0, 0.3, 31), True, lambda i, m: affine(i, (1, m, 0, 0, 1, 0))),
    "ShearY": (np.linspace(0, 0.3, 31), True, lambda i, m: affine(i, (1, 0, 0, m, 1, 0))),
    "TranslateX": (np.linspace(0, 150 / 331 * SIDE, 31), True, lambda i, m: affine(i, (1, 0, -int(m), 0, 1, 0))),
    "TranslateY": (np.linspace(0, 150 / 331 * SIDE, 31), True, lambda i, m: affine(i, (1, 0, 0, 0, 1, -int(m)))),
    "Rotate": (np.linspace(0, 30, 31), True, lambda i, m: i.rotate(m, Image.NEAREST, fillcolor=0)),
    "Brightness": (np.linspace(0, 0.9, 31), False, lambda i, m: ImageEnhance.Brightness(i).enhance(1 + m)),
    "Color": (np.linspace(0, 0.9, 31), False, lambda i, m: ImageEnhance.Color(i).enhance(1 + m)),
    "Contrast": (np.linspace(0, 0.9, 31), False, lambda i, m: ImageEnhance.Contrast(i).enhance(1 + m)),
    "Sharpness": (np.linspace(0, 0.9, 31), False, lambda i, m: ImageEnhance.Sharpness(i).enhance(1 + m)),
    "Posterize": (8 - np.round(np.arange(31) / (30 / 4)), False, lambda i, m: ImageOps.posterize(i, int(m))),
    "Solarize": (np.linspace(255, 0, 31), False, lambda i, m: ImageOps.solarize(i, m)),
    "AutoContrast": (None, False, lambda i, m: ImageOps.autocontrast(i)),
    "Equalize": (None, False, lambda i, m: ImageOps.equalize(i)),
}


def randaugment_case(images):
    ops, expect = [], {}
    for name, (magnitudes, moves, change) in OPERATIONS.items():
        levels = [0.0] if magnitudes is None else [float(np.float32(magnitudes[9])), float(np.float32(magnitudes[20]))]
        if moves:
            levels.append(-levels[0])
        for magnitude in levels:
            expect["%s.%d" % (name, len(ops))] = planes(change(Image.fromarray(i), magnitude) for i in images)
            ops.append(dict(name=name, magnitude=magnitude))
    return dict(kind="randaugment", images=len(images), ops=ops), expect


def save(path, tensors):
    head, blobs, at = {}, [], 0
    for name, t in tensors.items():
        blob = np.ascontiguousarray(t).tobytes()
        head[name] = dict(dtype={"uint8": "U8", "float32": "F32"}[str(t.dtype)], shape=list(t.shape), data_offsets=[at, at + len(blob)])
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(gzip.compress(struct.pack("<Q", len(text)) + text + b"".join(blobs), mtime=0))


def main():
    parser = argparse.ArgumentParser(description="write the compact golden cases of augmentation")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent / "golden")
    out = parser.parse_args().out
    for name, n in (("augment", 4), ("randaugment", 2)):
        rng = np.random.default_rng(5)
        images = made_up(rng, 4)[-n:]  # the last one is of few values
        case, expect = augment_case(rng, images) if name == "augment" else randaugment_case(images)
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        save(folder / "images.safetensors.gz", dict(x=planes(images)))
        save(folder / "expect.safetensors.gz", expect)
        (folder / "case.json").write_text(json.dumps(case, indent=1) + "\n")


if __name__ == "__main__":
    main()
