#!/usr/bin/python3
"""Write predict/: two small networks, some pictures, and the logits that PyTorch and Pillow make of them.

Needs python3-torch and python3-pil (written with Debian's 1.13 and 9.4). colours.safetensors is a tinynet for images of 24 rows and 20
columns in colours, grey.safetensors one for grey images of 28x28. logits.json has the logits by network, --resize and picture. Run it in
this folder.
"""
import json
import os
import shutil
import struct

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import nn

torch.manual_seed(11)
CLASSES = ["moss", "rust", "sky", "sand", "plum", "a class, with a comma", "chalk"]


class TinyNet(nn.Module):
    def __init__(self, channels, height, width):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(4, 6, 3, padding=1)
        self.fc1 = nn.Linear(6 * (height // 4) * (width // 4), 10)
        self.fc2 = nn.Linear(10, len(CLASSES))

    def forward(self, x):
        x = nn.functional.max_pool2d(self.conv1(x).relu(), 2)
        x = nn.functional.max_pool2d(self.conv2(x).relu(), 2)
        return self.fc2(self.fc1(x.flatten(1)).relu())


def save(path, net, shape, mean, std):
    header, data = {}, b""
    header["__metadata__"] = {"model": "tinynet", "widths": "[4,6,10]", "classes": json.dumps(CLASSES), "image": json.dumps(shape),
                              "preprocessing": json.dumps({"mean": mean, "std": std})}
    for name, value in net.state_dict().items():
        raw = value.numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def scene(width, height, seed):
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    noise = np.random.RandomState(seed).normal(0, 25, (height, width, 3))
    waves = [128 + 120 * np.sin(x / (3 + seed) + c) * np.cos(y / (4 + seed) + 2 * c) for c in range(3)]
    return Image.fromarray(np.clip(np.stack(waves, -1) + noise, 0, 255).astype(np.uint8))


def pictures():
    scene(24, 20, 1).save("predict/small.png")
    scene(50, 31, 2).save("predict/wide.bmp")
    tall = scene(19, 47, 3)
    tall.putalpha(128)
    tall.save("predict/tall.png")
    scene(40, 40, 4).quantize(12).save("predict/palette.png")
    scene(33, 30, 5).convert("L").save("predict/grey.bmp")
    scene(48, 40, 9).save("predict/photo.jpg", quality=92)


def fitted(image, width, height, how):
    if how == "squash":
        return image.resize((width, height), Image.BILINEAR)
    if how == "pad":
        return ImageOps.pad(image, (width, height), Image.BILINEAR)
    if image.width * height <= image.height * width:
        size = (width, int(width * image.height / image.width))
    else:
        size = (int(height * image.width / image.height), height)
    image = image.resize(size, Image.BILINEAR)
    top, left = int(round((image.height - height) / 2.0)), int(round((image.width - width) / 2.0))
    return image.crop((left, top, left + width, top + height))


def logits(net, shape, mean, std, how):
    channels, height, width = shape
    out = {}
    for name in sorted(os.listdir("predict")):
        if name.endswith(".safetensors"):
            continue
        image = fitted(Image.open("predict/" + name).convert("RGB"), width, height, how)
        pixels = np.array(image.convert("L") if channels == 1 else image).reshape(height, width, channels).transpose(2, 0, 1)
        x = torch.from_numpy(pixels.copy()).float() / 255
        x = (x - torch.tensor(mean).view(-1, 1, 1)) / torch.tensor(std).view(-1, 1, 1)
        out[name] = [round(v, 6) for v in net(x[None])[0].tolist()]
    return out


shutil.rmtree("predict", ignore_errors=True)
os.mkdir("predict")
pictures()
found = {}
for name, shape, mean, std in (("colours", (3, 24, 20), [0.5, 0.4, 0.6], [0.25, 0.3, 0.2]), ("grey", (1, 28, 28), [0.45], [0.2])):
    net = TinyNet(*shape).eval()
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(2)  # so that the classes differ
        save(f"predict/{name}.safetensors", net, shape, mean, std)
        found[name] = {how: logits(net, shape, mean, std, how) for how in ("squash", "crop", "pad")}
with open("predict/logits.json", "w") as f:
    json.dump(found, f, indent=1)
    f.write("\n")
