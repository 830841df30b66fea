#!/usr/bin/env python3
"""Writes decode/ and resize/, pictures in every form, and pillow.json: what Pillow 9.4 makes of each, as a size and the SHA-256 of its pixels.

Of JPEG, where ours are not the same to the bit, the pixels themselves are beside the picture as NAME.rgb.png. What Pillow refuses has no size.
Run it in this folder.
"""
import hashlib
import io
import json
import os
import shutil
import struct
import zlib

import numpy as np
import PIL
from PIL import Image, ImageOps

assert PIL.__version__ == "9.4.0"
W, H = 27, 21


def scene(width=W, height=H, seed=1):
    """Something like a photograph: slopes, an edge, some noise. (height, width, 3) uint8."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    noise = np.random.RandomState(seed).normal(0, 9, (height, width, 3))
    image = np.stack([40 + 190 * x / width, 220 - 180 * y / height, 128 + 110 * np.sin(x / 5) * np.cos(y / 7)], -1)
    disc = (x - width * 0.6) ** 2 + (y - height * 0.4) ** 2 < (0.3 * min(width, height)) ** 2
    image[disc] = [230, 60, 40]
    return np.clip(image + noise, 0, 255).astype(np.uint8)


RGB = Image.fromarray(scene())
ALPHA = Image.fromarray(np.arange(W * H).reshape(H, W).astype(np.uint8))
RGBA = RGB.copy()
RGBA.putalpha(ALPHA)


def saved(image, form, **how):
    out = io.BytesIO()
    image.save(out, form, **how)
    return out.getvalue()


# ---- PNG that Pillow does not write

def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(samples, depth, colour, before=b"", interlaced=False, after=b""):
    """samples: (height, width, channels), big-endian where 16 bits deep."""
    height, width = samples.shape[:2]

    def rows(part):
        out = b""
        for row in part:
            if depth < 8:
                bits = np.unpackbits(row.reshape(-1, 1).astype(np.uint8), axis=1)[:, 8 - depth:]
                out += b"\0" + np.packbits(bits.reshape(-1)).tobytes()
            else:
                out += b"\0" + row.astype(">u2" if depth == 16 else np.uint8).tobytes()
        return out

    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    parts = [samples[y::dy, x::dx] for x, y, dx, dy in passes] if interlaced else [samples]
    data = b"".join(rows(p) for p in parts if p.size)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b"") + after)


def pngs():
    s = scene()
    deep = s.astype(np.uint16) * 257 - np.arange(W, dtype=np.uint16)[None, :, None] * 5
    grey = s[..., :1]
    some = (np.arange(W * H).reshape(H, W, 1) * 3).astype(np.uint16)  # around 255, where Pillow cuts off
    palette = RGB.quantize(17)
    colours = b"".join(bytes(c) for c in np.array(palette.getpalette()[:51]).reshape(-1, 3).astype(np.uint8))
    index = np.array(palette)[..., None]
    yield "rgb8", saved(RGB, "PNG")
    yield "rgba8", saved(RGBA, "PNG")
    yield "grey8", saved(RGB.convert("L"), "PNG")
    yield "grey8-alpha", saved(RGBA.convert("LA"), "PNG")
    yield "grey1", saved(RGB.convert("1"), "PNG")
    yield "grey2", png(grey >> 6, 2, 0)
    yield "grey4", png(grey >> 4, 4, 0)
    yield "grey16", png(some, 16, 0)
    yield "grey16-interlaced", png(some, 16, 0, interlaced=True)
    yield "grey8-transparent", png(grey, 8, 0, chunk(b"tRNS", b"\0\x63"))
    yield "grey16-alpha", png(np.concatenate([some * 60, deep[..., 1:2]], -1), 16, 4)
    yield "rgb16", png(deep, 16, 2)
    yield "rgba16", png(np.concatenate([deep, some], -1), 16, 6)
    yield "rgb8-transparent", png(s, 8, 2, chunk(b"tRNS", b"".join(b"\0" + bytes([v]) for v in s[3, 5])))
    yield "rgb16-transparent", png(deep, 16, 2, chunk(b"tRNS", deep[3, 5].astype(">u2").tobytes()))
    yield "rgb8-interlaced", png(s, 8, 2, interlaced=True)
    yield "palette8", png(index, 8, 3, chunk(b"PLTE", colours))
    yield "palette8-transparent", png(index, 8, 3, chunk(b"PLTE", colours) + chunk(b"tRNS", bytes(range(0, 255, 20))))
    yield "palette8-short", png(index, 8, 3, chunk(b"PLTE", colours[:30]))
    yield "palette4", png(index % 16, 4, 3, chunk(b"PLTE", colours[:48]))
    yield "palette2", png(index % 4, 2, 3, chunk(b"PLTE", colours[:12]))
    yield "palette1", png(index % 2, 1, 3, chunk(b"PLTE", colours[:6]))
    yield "rgb8-gamma", png(s, 8, 2, chunk(b"gAMA", struct.pack(">I", 100000)))
    yield "rgb8-one-pixel", png(s[:1, :1], 8, 2)
    yield "rgb8-garbage-after", png(s, 8, 2, after=b"garbage" * 9)
    exif = Image.Exif()
    exif[0x112] = 6  # turned by 90 degrees
    yield "rgb8-exif-turned", saved(RGB, "PNG", exif=exif)
    frames = [Image.fromarray(scene(seed=i)) for i in (4, 5)]
    yield "animated", saved(frames[0], "PNG", save_all=True, append_images=frames[1:])


# ---- JPEG

def jpegs():
    big = Image.fromarray(scene(64, 64))
    for name, subsampling in ("444", 0), ("422", 1), ("420", 2):
        yield name, saved(RGB, "JPEG", quality=90, subsampling=subsampling)
    for width, height in (1, 1), (2, 2), (3, 5), (4, 3), (5, 2), (16, 16), (17, 33):
        yield f"420-{width}x{height}", saved(Image.fromarray(scene(width, height)), "JPEG", quality=95, subsampling=2)
        yield f"422-{width}x{height}", saved(Image.fromarray(scene(width, height)), "JPEG", quality=95, subsampling=1)
    # Blocks of 32x32 pixels are as many, in another order: the pixels are scrambled, but a picture.
    scrambled = saved(big.crop((0, 0, 32, 32)), "JPEG", quality=90, subsampling=1)
    yield "440", scrambled.replace(b"\x01\x21\x00", b"\x01\x12\x00")
    scrambled = saved(big.crop((0, 0, 32, 32)), "JPEG", quality=90, subsampling=2)
    yield "411", scrambled.replace(b"\x01\x22\x00", b"\x01\x41\x00")
    yield "420-progressive", saved(RGB, "JPEG", quality=90, progressive=True)
    yield "444-progressive", saved(RGB, "JPEG", quality=90, progressive=True, subsampling=0)
    yield "420-low-quality", saved(big, "JPEG", quality=20)
    yield "grey", saved(RGB.convert("L"), "JPEG", quality=90)
    yield "grey-progressive", saved(RGB.convert("L"), "JPEG", quality=90, progressive=True)
    inks = Image.fromarray(np.concatenate([scene(seed=2), scene(seed=3)[..., :1] // 3], -1), "CMYK")
    cmyk = saved(inks, "JPEG", quality=95)
    yield "cmyk-adobe", cmyk
    at = cmyk.index(b"\xff\xee")
    yield "cmyk-not-adobe", cmyk[:at] + cmyk[at + 16:]
    yield "ycck-adobe", cmyk[:at + 15] + b"\x02" + cmyk[at + 16:]
    plain = saved(RGB, "JPEG", quality=90, subsampling=0)
    at = plain.index(b"\xff\xe0")
    adobe = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
    yield "rgb-adobe", plain[:at] + adobe + plain[at + 18:]
    yield "444-garbage-after", plain + b"garbage" * 9
    exif = Image.Exif()
    exif[0x112] = 6
    yield "420-exif-turned", saved(RGB, "JPEG", quality=90, exif=exif)


# ---- WebP

def webps():
    yield "lossy", saved(RGB, "WEBP", quality=90)
    yield "lossy-even", saved(Image.fromarray(scene(40, 30)), "WEBP", quality=90)
    for width, height in (1, 1), (2, 2), (3, 1), (1, 3), (17, 33):
        yield f"lossy-{width}x{height}", saved(Image.fromarray(scene(width, height)), "WEBP", quality=95)
    yield "lossy-white", saved(Image.new("RGB", (20, 20), "white"), "WEBP")
    yield "lossy-low-quality", saved(Image.fromarray(scene(64, 64)), "WEBP", quality=5)
    yield "lossy-alpha", saved(RGBA, "WEBP", quality=90)
    yield "lossless", saved(RGB, "WEBP", lossless=True)
    yield "lossless-alpha", saved(RGBA, "WEBP", lossless=True, exact=True)
    yield "lossless-palette", saved(RGB.quantize(7).convert("RGB"), "WEBP", lossless=True)
    yield "lossy-exif", saved(RGB, "WEBP", exif=Image.Exif().tobytes())
    frames = [Image.fromarray(scene(seed=i)) for i in (4, 5)]
    moving = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], quality=80)
    yield "lossy-animated", moving
    yield "lossless-animated", saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    at = moving.index(b"VP8X")
    wider = struct.pack("<I", W + 9)[:3]
    yield "lossy-animated-wider", moving[:at + 12] + wider + moving[at + 15:]
    yield "lossy-garbage-after", saved(RGB, "WEBP", quality=90) + b"garbage" * 9


# ---- GIF

def gifs():
    palette = RGB.quantize(23)
    yield "palette", saved(palette, "GIF")
    yield "interlaced", saved(palette, "GIF", interlace=1)
    yield "transparent", saved(palette, "GIF", transparency=3)
    yield "grey", saved(RGB.convert("L"), "GIF")
    frames = [Image.fromarray(scene(seed=i)).quantize(8) for i in (4, 5)]
    yield "animated", saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    # A frame that leaves some of the screen empty.
    for name, how in ("small-frame", {}), ("small-frame-transparent", {"transparency": 3}):
        data = bytearray(saved(palette, "GIF", **how))
        data[6:10] = struct.pack("<HH", W + 5, H + 4)
        at = data.index(b"," + struct.pack("<HHHH", 0, 0, W, H))
        data[at + 1:at + 5] = struct.pack("<HH", 2, 3)
        data[11] = 5  # background
        yield name, bytes(data)
    yield "garbage-after", saved(palette, "GIF") + b"garbage" * 9


# ---- BMP

def bmp(bits, rows, size=40, compression=0, masks=(), palette=b"", height=H, colours=0, width=W):
    head = struct.pack("<IiiHHIIiiII", size, width, height, 1, bits, compression, len(rows), 2835, 2835, colours, 0)
    if size == 12:
        head = struct.pack("<IHHHH", size, width, height, 1, bits)
    masks = b"".join(struct.pack("<I", m) for m in masks)
    head = (head + masks).ljust(size, b"\0") if size > 40 else head + masks
    at = 14 + len(head) + len(palette)
    return b"BM" + struct.pack("<IHHI", at + len(rows), 0, 0, at) + head + palette + rows


def packed(samples, top_down=False):
    """Rows of bytes, filled up to a multiple of 4. samples: (height, bytes)."""
    samples = samples if top_down else samples[::-1]
    return b"".join(r.tobytes() + b"\0" * (-r.nbytes % 4) for r in samples)


def bmps():
    s = scene()
    palette = RGB.quantize(16)
    index = np.array(palette)
    colours = b"".join(bytes([b, g, r, 0]) for r, g, b in np.array(palette.getpalette()[:48]).reshape(-1, 3).astype(np.uint8))
    r, g, b = (s[..., c].astype(np.uint32) for c in range(3))
    five = (r >> 3 << 10 | g >> 3 << 5 | b >> 3).astype("<u2")
    six = (r >> 3 << 11 | g >> 2 << 5 | b >> 3).astype("<u2")
    x = np.full_like(r, 7)
    yield "24", saved(RGB, "BMP")
    yield "24-top-down", bmp(24, packed(s[..., ::-1], True), height=-H)
    yield "24-os2", bmp(24, packed(s[..., ::-1]), size=12)
    yield "24-v5", bmp(24, packed(s[..., ::-1]), size=124)
    yield "32", saved(RGBA, "BMP")
    yield "32-raw", bmp(32, packed((x << 24 | r << 16 | g << 8 | b).astype("<u4")))
    yield "32-top-down", bmp(32, packed((x << 24 | r << 16 | g << 8 | b).astype("<u4"), True), height=-H)
    yield "32-v4-alpha", bmp(32, packed((x << 24 | r << 16 | g << 8 | b).astype("<u4")), 108, 3, (0xFF0000, 0xFF00, 0xFF, 0xFF000000))
    yield "32-rgba", bmp(32, packed((x << 24 | b << 16 | g << 8 | r).astype("<u4")), 108, 3, (0xFF, 0xFF00, 0xFF0000, 0xFF000000))
    yield "32-xbgr", bmp(32, packed((r << 24 | g << 16 | b << 8 | x).astype("<u4")), 40, 3, (0xFF000000, 0xFF0000, 0xFF00))
    yield "32-odd-masks", bmp(32, packed((r << 24 | g << 16 | b << 8 | x).astype("<u4")), 40, 3, (0x3FF00000, 0xFFC00, 0x3FF))
    yield "16", bmp(16, packed(five))
    yield "16-555", bmp(16, packed(five), 40, 3, (0x7C00, 0x3E0, 0x1F))
    yield "16-565", bmp(16, packed(six), 40, 3, (0xF800, 0x7E0, 0x1F))
    yield "16-565-v4", bmp(16, packed(six), 108, 3, (0xF800, 0x7E0, 0x1F))
    yield "16-odd-masks", bmp(16, packed(six), 40, 3, (0xF000, 0xF00, 0xF0))
    yield "8", bmp(8, packed(index.astype(np.uint8)), palette=colours, colours=16)
    yield "8-all-colours", bmp(8, packed(index.astype(np.uint8)), palette=colours.ljust(1024, b"\x55"))
    yield "8-short-palette", bmp(8, packed(index.astype(np.uint8)), palette=colours[:40], colours=10)
    uncounted = bytearray(bmp(8, packed(index.astype(np.uint8)), palette=colours, colours=16))
    uncounted[10:14] = struct.pack("<I", 54)
    yield "8-palette-not-counted", bytes(uncounted)
    yield "8-grey", saved(RGB.convert("L"), "BMP")
    nibbles = np.pad(index, ((0, 0), (0, W % 2))).astype(np.uint8)
    yield "4", bmp(4, packed(nibbles[:, ::2] << 4 | nibbles[:, 1::2]), palette=colours, colours=16)
    bits = np.packbits(index > 7, axis=1)
    yield "1", bmp(1, packed(bits), palette=colours[:8], colours=2)
    yield "1-black-white", saved(RGB.convert("1"), "BMP")
    yield "1-os2", bmp(1, packed(bits), size=12, palette=b"\x10\x80\x20\xf0\x30\x90")
    yield "24-garbage-after", saved(RGB, "BMP") + b"garbage" * 9


def digest(image):
    pixels = np.asarray(image)
    return f"{image.width}x{image.height} {hashlib.sha256(pixels.tobytes()).hexdigest()[:16]}"


def decode():
    found = {}
    shutil.rmtree("decode", ignore_errors=True)
    os.mkdir("decode")
    for ending, pictures in ("png", pngs), ("jpg", jpegs), ("webp", webps), ("gif", gifs), ("bmp", bmps):
        for name, data in pictures():
            path = f"decode/{name}.{ending}"
            with open(path, "wb") as f:
                f.write(data)
            try:
                image = Image.open(path).convert("RGB")
            except OSError as e:
                print(path, e)
                found[f"{name}.{ending}"] = ""
                continue
            found[f"{name}.{ending}"] = digest(image)
            if ending == "jpg":
                image.save(path + ".rgb.png", optimize=True)
    return found


def resize():
    found = {}
    shutil.rmtree("resize", ignore_errors=True)
    os.mkdir("resize")
    sources = {"photo": scene(61, 47, 7), "noise": np.random.RandomState(8).randint(0, 256, (23, 31, 3), np.uint8),
               "tall": scene(9, 83, 9), "dot": scene(1, 1, 1), "wide": scene(97, 3, 10)}
    checks = np.zeros((32, 32, 3), np.uint8)
    checks[::2, ::2] = checks[1::2, 1::2] = 255
    sources["checks"] = checks
    for name, pixels in sources.items():
        image = Image.fromarray(pixels)
        image.save(f"resize/{name}.png", optimize=True)
        for width, height in (32, 32), (28, 28), (7, 5), (64, 64), (61, 20), (61, 80), (13, 47), (1, 1), (33, 48), (32, 224):
            todo = {"squash": image.resize((width, height), Image.BILINEAR), "pad": None, "crop": cropped(image, width, height)}
            try:
                todo["pad"] = ImageOps.pad(image, (width, height), Image.BILINEAR)
            except ValueError as e:
                print(name, width, height, e)  # a side of no pixels
            for how, out in todo.items():
                if out:
                    found[f"{name} {how} {width}x{height}"] = digest(out)
    return found


def grey():
    return {path: hashlib.sha256(Image.open("resize/" + path).convert("L").tobytes()).hexdigest()[:16] for path in sorted(os.listdir("resize"))}


def cropped(image, width, height):
    """torchvision's Resize and CenterCrop; for a size that is no square, the side that is scaled to its size is the one that is too short."""
    if width == height:  # torchvision.transforms.functional, on PIL images
        short, long = sorted(image.size)
        long = int(width * long / short)
        size = (width, long) if image.width <= image.height else (long, width)
    elif image.width * height <= image.height * width:
        size = (width, int(width * image.height / image.width))
    else:
        size = (int(height * image.width / image.height), height)
    image = image.resize(size, Image.BILINEAR)
    top, left = int(round((image.height - height) / 2.0)), int(round((image.width - width) / 2.0))
    return image.crop((left, top, left + width, top + height))


with open("pillow.json", "w") as f:
    json.dump({"decode": decode(), "resize": resize(), "grey": grey()}, f, indent=0, sort_keys=True)
    f.write("\n")
