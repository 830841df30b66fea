#!/usr/bin/python3
"""Write the compact golden cases in golden/: what PyTorch makes of a few training steps. TestGolden reads them.

    ./make_golden.py                    every case below, into golden/ beside this script
    ./make_golden.py narrow-sgd         that case alone
    ./make_golden.py --out DIR [CASE..] into another folder

Needs python3-torch (written with Debian's 1.13). The images are made up, so the cases hold no data set.
A case is a folder with a case.json, whose "kind" tells which tensors lie in it, as NAME.safetensors.gz:

train: some steps of a narrow network for "classes" and images of "image" (C, H, W): a built-in one, or the one of a network.yaml that lies
there, too. "freeze" are patterns of names of parameters that have no requires_grad. "dropout" is the factor of its rates. The masks are the program's, drawn here as it draws them, since PyTorch's own are another stream.
    init       the state_dict after torch.manual_seed(seed) and building the model
    batches    x0, x1, ... uint8 (N, C, H, W) and y0, y1, ... int64 (N,), one pair a step; the network sees
               (x/255 - mean)/std, each operation rounded to float32
    expect64   eval_logits0   eval mode, x0, initial weights
               logits0, grad0.NAME          the first step in train mode, gradients before clipping
               param1. buffer1. ema1.NAME   the state after the first step
               param. buffer. ema.NAME      the state after the last step
               eval_logits    eval mode, x0, last weights
               loss, grad_norm (steps,)     the norm is the one before clipping
optimizer: clip, optimizer and average on gradients that are given; no network.
    init       NAME
    grads      grad.STEP.NAME
    expect64   param.STEP.NAME, ema.STEP.NAME, grad_norm (steps,)

All of expect64 is computed in float64, from float32 weights, images and gradients, and stored as float32; so who computes
in float64 comes within 1e-6 of every tensor. A repetition in another order of summation, here, makes sure of that.

"tolerance" in case.json is for who computes in float32: a relative L2 distance over all tensors of a kind. It is three times
the worst of four float32 runs of PyTorch that differ only in rounding, but at least FLOOR, since another device rounds
otherwise still. So small a bound holds because the seeds are picked: a ReLU or a maximum that falls to the other side moves
a gradient by a thousandth, so no such choice may be closer than MARGIN: float32 is off by less in any activation.
"""
import argparse
import fnmatch
import gzip
import json
import pathlib
import struct

import torch
from torch import nn

MEAN, STD = (0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761)

FLOOR = 1e-5
MARGIN = 1.5e-5

TRAIN = dict(kind="train", model="smallcifarnet", classes=10, image=[3, 32, 32], dropout=0.0)
RESIDUAL = dict(batch=2, steps=2, optimizer="nesterov", lr=0.02, weight_decay=5e-4, label_smoothing=0.1, clip_grad_norm=0.0, ema_decay=0.0)
OPTIMIZER = dict(kind="optimizer", seed=1, weight_decay=0.05, clip_grad_norm=1.0, ema_decay=0.9,
                 lr=[0.01, 0.02, 0.03, 0.03, 0.015, 0.0])
CASES = {
    "narrow-adamw": dict(TRAIN, widths=[8, 12, 16, 20, 24, 28], seed=32, batch=5, steps=3, optimizer="adamw", lr=0.002,
                         weight_decay=0.01, label_smoothing=0.1, clip_grad_norm=1.0, ema_decay=0.995),
    # Odd widths: nothing is a multiple of four. The average moves fast.
    "narrow-nesterov": dict(TRAIN, widths=[5, 9, 11, 13, 17, 21], seed=12, batch=6, steps=3, optimizer="nesterov", lr=0.05,
                            weight_decay=5e-4, label_smoothing=0.1, clip_grad_norm=0.5, ema_decay=0.5),
    # Everything that can be off is off.
    "narrow-sgd": dict(TRAIN, classes=100, widths=[4, 8, 8, 16, 16, 16], seed=1, batch=4, steps=3, optimizer="sgd", lr=0.1,
                       weight_decay=0.0, label_smoothing=0.0, clip_grad_norm=0.0, ema_decay=0.0),
    # Frozen: the first block, through which no gradient flows; a BatchNorm and a convolution between trained ones, through which it does.
    "narrow-frozen": dict(TRAIN, widths=[8, 12, 16, 20, 24, 28], seed=32, batch=5, steps=3, optimizer="adamw", lr=0.002,
                          weight_decay=0.01, label_smoothing=0.1, clip_grad_norm=0.5, ema_decay=0.9,
                          freeze=["features.0.*", "features.4.bn.*", "features.6.pointwise.weight", "features.7.bn.weight"]),
    "narrow-frozen-body": dict(TRAIN, **RESIDUAL, model="resnet9s", widths=[4, 6, 7, 9], seed=1, freeze=["st*"]),
    # Biases, a flatten, no BatchNorm: nothing is a multiple of four.
    "narrow-tinynet": dict(TRAIN, model="tinynet", classes=100, widths=[3, 5, 7], seed=4, batch=3, steps=3, optimizer="sgd", lr=0.05,
                           weight_decay=0.0, label_smoothing=0.0, clip_grad_norm=0.0, ema_decay=0.0),
    # Residual sums, strides of 2, activations.
    "narrow-resnet9s": dict(TRAIN, **RESIDUAL, model="resnet9s", widths=[4, 6, 7, 9], seed=1),
    "narrow-ds-resnet": dict(TRAIN, **RESIDUAL, model="ds-resnet", widths=[5, 8, 10, 12], seed=1),
    # So deep that another rounding moves gradients by 1e-5. At higher rates, and with more images, a ReLU6 of the second step falls to the
    # other side.
    "narrow-mobilenetv2": dict(TRAIN, **dict(RESIDUAL, batch=1, lr=0.00065), model="mobilenetv2", widths=[3, 3, 4, 5, 4, 4, 5, 6], seed=156),
    "every-layer": dict(TRAIN, **dict(RESIDUAL, dropout=1.0, ema_decay=0.5), model="every-layer", widths=[], seed=7),
    "grey": dict(TRAIN, **RESIDUAL, model="grey", image=[1, 28, 28], widths=[], seed=1),
    "optimizer-adamw": dict(OPTIMIZER, optimizer="adamw"),
    "optimizer-nesterov": dict(OPTIMIZER, optimizer="nesterov"),
    # Muon for the first two, at 20 times the rate; AdamW for the rest.
    "optimizer-muon": dict(OPTIMIZER, optimizer="muon", clip_grad_norm=0.0,
                           shapes={"conv.weight": (12, 5, 3, 3), "pointwise.weight": (14, 6, 1, 1), "depthwise.weight": (7, 1, 3, 3), "fc.bias": (13,)}),
}


class Block(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.depthwise = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
        self.pointwise = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.bn(self.pointwise(self.depthwise(x))).relu()


class SmallCIFARNet(nn.Module):
    def __init__(self, widths, classes):
        super().__init__()
        layers, inputs = [], 3
        for i, outputs in enumerate(widths):
            layers.append(Block(inputs, outputs))
            if i < 3:
                layers.append(nn.MaxPool2d(2))
            inputs = outputs
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(inputs, classes)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


class TinyNet(nn.Module):
    def __init__(self, widths, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 3, padding=1)
        self.conv2 = nn.Conv2d(widths[0], widths[1], 3, padding=1)
        self.fc1 = nn.Linear(widths[1] * 8 * 8, widths[2])
        self.fc2 = nn.Linear(widths[2], classes)
        self.relu, self.pool = nn.ReLU(), nn.MaxPool2d(2)

    def forward(self, x):
        x = self.pool(self.relu(self.conv1(x)))
        x = self.pool(self.relu(self.conv2(x)))
        return self.fc2(self.relu(self.fc1(x.flatten(1))))


def conv(inputs, outputs, kernel=3, stride=1, groups=1, bias=False):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=bias)


class ConvBN(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv, self.bn, self.relu = conv(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs), nn.ReLU()

    def forward(self, x):
        return self.relu(self.bn(self.conv(x)))


class Basic(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1, self.bn1, self.relu1 = conv(channels, channels), nn.BatchNorm2d(channels), nn.ReLU()
        self.conv2, self.bn2, self.relu2 = conv(channels, channels), nn.BatchNorm2d(channels), nn.ReLU()

    def forward(self, x):
        return self.relu2(x + self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x))))))


class ResNet9s(nn.Module):
    def __init__(self, widths, classes):
        super().__init__()
        stem, a, b, c = widths
        self.stem = ConvBN(3, stem, 1)
        self.stage1 = nn.Sequential(ConvBN(stem, a, 2), Basic(a))
        self.stage2 = nn.Sequential(ConvBN(a, b, 2), Basic(b))
        self.stage3 = nn.Sequential(ConvBN(b, c, 2), Basic(c))
        self.fc = nn.Linear(c, classes)

    def forward(self, x):
        return self.fc(self.stage3(self.stage2(self.stage1(self.stem(x)))).mean((2, 3)))


class Separable(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.depthwise, self.bn1 = conv(inputs, inputs, 3, stride, inputs), nn.BatchNorm2d(inputs)
        self.pointwise, self.bn2 = conv(inputs, outputs, 1), nn.BatchNorm2d(outputs)
        self.relu, self.skip = nn.ReLU(), inputs == outputs and stride == 1

    def forward(self, x):
        y = self.bn2(self.pointwise(self.bn1(self.depthwise(x))))
        return self.relu(x + y if self.skip else y)


class DSResNet(nn.Module):
    def __init__(self, widths, classes):
        super().__init__()
        stem, a, b, c = widths
        self.stem = ConvBN(3, stem, 2)
        self.blocks = nn.Sequential(Separable(stem, a), Separable(a, a), Separable(a, b, 2), Separable(b, b), Separable(b, b),
                                    Separable(b, c, 2), Separable(c, c))
        self.fc = nn.Linear(c, classes)

    def forward(self, x):
        return self.fc(self.blocks(self.stem(x)).mean((2, 3)))


def conv_bn_relu6(inputs, outputs, kernel=3, stride=1, groups=1):
    return nn.Sequential(conv(inputs, outputs, kernel, stride, groups), nn.BatchNorm2d(outputs), nn.ReLU6())


class Inverted(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        hidden = inputs * expansion
        layers = [conv_bn_relu6(inputs, hidden, 1)] if expansion > 1 else []
        self.conv = nn.Sequential(*layers, conv_bn_relu6(hidden, hidden, 3, stride, hidden), conv(hidden, outputs, 1), nn.BatchNorm2d(outputs))
        self.skip = stride == 1 and inputs == outputs and expansion > 1

    def forward(self, x):
        return x + self.conv(x) if self.skip else self.conv(x)


class MobileNetV2(nn.Module):
    def __init__(self, widths, classes):
        super().__init__()
        inputs, head = widths[0], widths[-1]
        layers = [conv_bn_relu6(3, inputs), Inverted(inputs, widths[1], 1, 1)]
        stages = ((widths[1], 2, 1), (widths[2], 3, 2), (widths[3], 4, 2), (widths[4], 3, 1), (widths[5], 3, 2), (widths[6], 1, 1))
        inputs = widths[1]
        for outputs, count, stride in stages:
            for i in range(count):
                layers.append(Inverted(inputs, outputs, stride if i == 0 else 1, 4))
                inputs = outputs
        self.features = nn.Sequential(*layers, conv_bn_relu6(inputs, head, 1))
        self.classifier = nn.Sequential(nn.Dropout(0), nn.Linear(head, classes))

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


class SqueezeExcitation(nn.Module):
    """torchvision.ops.SqueezeExcitation."""
    def __init__(self, channels, squeezed, activation):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)
        self.activation = activation

    def forward(self, x):
        return x * torch.sigmoid(self.fc2(self.activation(self.fc1(x.mean((2, 3), keepdim=True)))))


def philox(counter, key):
    """Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, 2011): four words of 32 bits."""
    word = 0xFFFFFFFF
    (a, b, c, d), (e, f) = counter, key
    for _ in range(10):
        first, second = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = second >> 32 ^ b ^ e, second & word, first >> 32 ^ d ^ f, first & word
        e, f = e + 0x9E3779B9 & word, f + 0xBB67AE85 & word
    return a, b, c, d


class Drop(nn.Module):
    """Dropout, or Dropout2d of whole channels, number layer of the network. A draw r, a word of Philox with key (seed, layer), keeps a value
    where r >> 8 is at least p 2^24: for channel c of image n the first word of counter (step, n, c, 0), for value i of an image word i % 4
    of counter (step, n, i / 4, 1)."""
    def __init__(self, p, layer, channels=False):
        super().__init__()
        self.p, self.layer, self.channels = p, layer, channels
        self.seed = self.step = 0
        self.turn = lambda t: t  # where the batch stands in another order

    def mask(self, shape):
        rows = []
        for n in range(shape[0]):
            if self.channels:
                rows.append([philox((self.step, n, c, 0), (self.seed, self.layer))[0] for c in range(shape[1])])
            else:
                size = shape[1:].numel()
                rows.append([r for i in range(0, size, 4) for r in philox((self.step, n, i // 4, 1), (self.seed, self.layer))][:size])
        kept = torch.tensor(rows) >> 8 >= int(self.p * 2**24)
        return kept.view(*shape[:2], 1, 1) if self.channels else kept.view(shape)

    def forward(self, x):
        return x * self.turn(self.mask(x.shape)) / (1 - self.p) if self.training else x


class Sum(nn.Module):
    def __init__(self, activation, shortcut, **main):
        super().__init__()
        for name, layer in main.items():
            self.add_module(name, layer)
        self.shortcut, self.activation = shortcut, activation
        self.path = list(main)

    def forward(self, x):
        y = x
        for name in self.path:
            y = getattr(self, name)(y)
        return self.activation(y + self.shortcut(x))


def every_layer(_, classes):
    return nn.Sequential(
        conv(3, 6, 3, bias=True), nn.BatchNorm2d(6), nn.SiLU(), nn.MaxPool2d(3, 2, 1),
        conv(6, 6, 5, 1, 6), nn.BatchNorm2d(6, eps=1e-3, momentum=0.05), nn.GELU(), Drop(0.2, 0, channels=True),
        Sum(nn.ReLU6(), nn.Sequential(conv(6, 7, 1, 2), nn.BatchNorm2d(7)), conv1=conv(6, 7, 5, 2), bn1=nn.BatchNorm2d(7), act=nn.Hardswish(),
            drop=Drop(0.1, 1), conv2=conv(7, 7, 3, 1, 7, True)),
        SqueezeExcitation(7, 3, nn.SiLU()),
        Sum(nn.Identity(), nn.Identity(), main=nn.Sequential(nn.BatchNorm2d(7), nn.ReLU(), conv(7, 7, 1))),
        nn.AvgPool2d(3, 2, 1), nn.Identity(), conv(7, 7, 5, 2, 7, True), nn.MaxPool2d(2),
        conv(7, 12, 1, bias=True), SqueezeExcitation(12, 4, nn.ReLU()), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(12, 10, bias=False), nn.GELU(), Drop(0.3, 2), nn.Linear(10, classes))


def grey(_, classes):
    return nn.Sequential(
        nn.AvgPool2d(3, 2, 1), conv(1, 6, bias=True), nn.ReLU(), nn.MaxPool2d(3, 2, 1), SqueezeExcitation(6, 2, nn.ReLU()), nn.AvgPool2d(3, 2, 1),
        conv(6, 7), nn.BatchNorm2d(7), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(28, classes))


NETWORKS = {"smallcifarnet": SmallCIFARNet, "tinynet": TinyNet, "resnet9s": ResNet9s, "ds-resnet": DSResNet, "mobilenetv2": MobileNetV2,
            "every-layer": every_layer, "grey": grey}


def build(case):
    torch.manual_seed(case["seed"])
    net = NETWORKS[case["model"]](case["widths"], case["classes"])
    for name, p in net.named_parameters():
        p.requires_grad_(not any(fnmatch.fnmatchcase(name, pattern) for pattern in case.get("freeze", ())))
    return net


def orthogonal(x):
    """Five Newton-Schulz steps with the coefficients of Keller Jordan's Muon."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Keller Jordan's Muon of dense weights (out, in, k, k) as matrices (out, in k k), AdamW beside it at a twentieth of the rate."""

    def __init__(self, parameters, lr, weight_decay):
        dense = [p for p in parameters if p.ndim == 4 and p.shape[1] > 1]
        self.adamw = torch.optim.AdamW([p for p in parameters if not any(p is q for q in dense)], lr=lr, weight_decay=weight_decay)
        super().__init__(dense, dict(lr=lr, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        group = self.param_groups[0]
        lr, momentum = 20 * group["lr"], 0.95
        for p in group["params"]:
            buffer = self.state[p].setdefault("momentum_buffer", torch.zeros_like(p))
            buffer.lerp_(p.grad, 1 - momentum)
            u = orthogonal(p.grad.lerp(buffer, momentum).reshape(len(p), -1))
            p.mul_(1 - lr * group["weight_decay"])
            p.add_(u.view_as(p), alpha=-lr * max(1, u.shape[0] / u.shape[1]) ** 0.5)
        self.adamw.param_groups[0]["lr"] = group["lr"]
        self.adamw.step()


def build_optimizer(case, parameters, lr):
    rule = {"adamw": (torch.optim.AdamW, {}), "sgd": (torch.optim.SGD, {}),
            "nesterov": (torch.optim.SGD, dict(momentum=0.9, nesterov=True)), "muon": (Muon, {})}
    cls, extra = rule[case["optimizer"]]
    return cls(parameters, lr=lr, weight_decay=case["weight_decay"], **extra)


def clip(case, parameters):
    """Scale the gradients down to the case's norm, if it has one, and return the norm that they had."""
    return nn.utils.clip_grad_norm_(parameters, case["clip_grad_norm"] or float("inf")).item()


def average(case, ema, state):
    """Move the average towards the state. An integer (num_batches_tracked) is averaged in float32 and cut."""
    d = case["ema_decay"]
    for name, value in state.items():
        ema[name].copy_(ema[name] * d + value.detach() * (1 - d))


def clone(tensors, prefix=""):
    return {prefix + name: t.detach().clone() for name, t in tensors}


def made_up(case):
    """A batch of images and labels for each step: blocks of colour under noise, with black and white areas."""
    g = torch.Generator().manual_seed(case["seed"])
    n, batches, (c, h, w) = case["batch"], [], case["image"]
    for _ in range(case["steps"]):
        blocks = torch.randint(-2, 19, (n, c, h // 4, w // 4), generator=g).repeat_interleave(4, 2).repeat_interleave(4, 3)
        noise = torch.randint(-2, 3, (n, c, h, w), generator=g)
        x = (16 * (blocks + noise)).clamp(0, 255).to(torch.uint8)  # few values: they are packed well
        batches.append((x, torch.randint(0, case["classes"], (n,), generator=g)))
    return batches


def watch_choices(net, margins):
    """Note, for each training step, by how much the closest choice of a ReLU, of its kin and of a maximum was made."""
    bends = {nn.ReLU: (0,), nn.ReLU6: (0, 6), nn.Hardswish: (-3, 3)}  # where the slope jumps

    def bend(layer, inputs, y):
        if layer.training:
            of, at = (inputs[0], bends[type(layer)]) if type(layer) in bends else (y, (0,))  # else the BatchNorm before a ReLU
            margins.append(min((of - place).abs().min().item() for place in at))

    def maximum(pool, inputs, _):
        if pool.training:
            r, s, p = pool.kernel_size, pool.stride, pool.padding
            x = nn.functional.pad(inputs[0], (p, p, p, p), value=float("-inf"))
            first, second = x.unfold(2, r, s).unfold(3, r, s).flatten(4).topk(2).values.unbind(-1)
            margins.append((first - second)[first != 0].min().item())  # a window of zeros passes no gradient

    for m in net.modules():
        if isinstance(m, nn.MaxPool2d):
            m.register_forward_hook(maximum)
        elif type(m) in bends or isinstance(m, nn.BatchNorm2d) and isinstance(net, SmallCIFARNet):
            m.register_forward_hook(bend)


def run_training(case, batches, dtype, layout=torch.contiguous_format, backwards=False, nudge=False, margins=None):
    """Train, and return all that expect64 holds. The options change the rounding, not the mathematics; nudge moves
    every weight by one unit in its last place. margins, a list, takes what watch_choices notes."""
    net = build(case)
    if margins is not None:
        watch_choices(net, margins)
    if nudge:
        with torch.no_grad():
            for p in net.parameters():
                p.copy_(torch.nextafter(p, p + 1))
    net = net.to(dtype=dtype, memory_format=layout)
    turn = (lambda t: t.flip(0)) if backwards else (lambda t: t)
    mean, std = (torch.tensor(v[:case["image"][0]]).view(-1, 1, 1) for v in (MEAN, STD))

    def feed(step):
        return turn((batches[step][0].float() / 255 - mean) / std).to(dtype=dtype, memory_format=layout)

    @torch.no_grad()
    def evaluate():
        net.eval()
        logits = turn(net(feed(0)))
        net.train()
        return logits

    out, losses, norms = {"eval_logits0": evaluate()}, [], []
    optimizer = build_optimizer(case, net.parameters(), case["lr"])
    criterion = nn.CrossEntropyLoss(label_smoothing=case["label_smoothing"])
    ema = clone(net.state_dict().items())

    def note(when):
        out.update(clone(net.named_parameters(), f"param{when}."))
        out.update(clone(net.named_buffers(), f"buffer{when}."))
        if case["ema_decay"] > 0:
            out.update(clone(ema.items(), f"ema{when}."))

    for step in range(case["steps"]):
        for m in net.modules():
            if isinstance(m, Drop):
                m.seed, m.step, m.turn = case["seed"], step, turn
        optimizer.zero_grad(set_to_none=True)
        logits = net(feed(step))
        loss = criterion(logits, turn(batches[step][1]))
        loss.backward()
        if step == 0:
            out["logits0"] = turn(logits.detach())
            out.update(clone(((name, p.grad) for name, p in net.named_parameters() if p.grad is not None), "grad0."))
        norms.append(clip(case, net.parameters()))
        optimizer.step()
        losses.append(loss.item())
        average(case, ema, net.state_dict())
        if step == 0:
            note("1")
    note("")
    out["eval_logits"] = evaluate()
    flush(out)
    out["loss"], out["grad_norm"] = (torch.tensor(v, dtype=torch.float64) for v in (losses, norms))
    return out


def flush(tensors):
    """Make zeros of what is zero but for rounding: the gradient of a bias that a BatchNorm behind it takes away."""
    for t in tensors.values():
        if t.dtype == torch.float64:
            t[t.abs() < 1e-13] = 0


def write_training(case, folder):
    batches = made_up(case)
    margins = []
    want = run_training(case, batches, torch.float64, margins=margins)
    if min(margins) < MARGIN:
        raise SystemExit(f"{folder.name}: a ReLU or maximum is decided by {min(margins):.0e}: take another seed")
    again = run_training(case, batches, torch.float64, layout=torch.channels_last, backwards=True)
    worst, name = worst_tensor(again, want)
    if worst > 1e-7:
        raise SystemExit(f"{folder.name}: {name} moves by {worst:.0e} in float64")
    runs = [run_training(case, batches, torch.float32, **options) for options in
            ({}, {"layout": torch.channels_last}, {"backwards": True}, {"nudge": True})]
    distances = [by_kind(run, want) for run in runs]
    largest = {kind: max(d[kind] for d in distances) for kind in distances[0]}
    save(folder / "init.safetensors.gz", build(case).state_dict())
    save(folder / "batches.safetensors.gz",
         {f"{key}{step}": t for step, pair in enumerate(batches) for key, t in zip("xy", pair)})
    save(folder / "expect64.safetensors.gz", want)
    print(f"{folder.name}: loss {rounded(want['loss'])}, norm {rounded(want['grad_norm'])}, float64 repeats to {worst:.0e}, margin {min(margins):.0e}")
    print("  float32:", ", ".join(f"{kind} {v:.0e}" for kind, v in largest.items()))
    return {kind: two_digits(max(FLOOR, 3 * v)) for kind, v in largest.items()}


def write_optimizer(case, folder):
    steps = len(case["lr"])
    case["steps"] = steps
    g = torch.Generator().manual_seed(case["seed"])
    shapes = case.pop("shapes", {"weight": (13, 11), "bias": (13,), "scale": (1,)})
    initial = {name: torch.randn(shape, generator=g) / 10 for name, shape in shapes.items()}
    grads = {}
    for step in range(steps):
        size = (0.01, 1.0, 30.0)[step % 3]  # the norm is below the limit, about it, far above it
        for name, shape in shapes.items():
            magnitude = 10 ** (-8 * torch.rand(shape, generator=g))  # down to AdamW's eps
            sign = torch.randint(-1, 2, shape, generator=g)  # a third is exactly zero
            grads[f"grad.{step}.{name}"] = size * magnitude * sign

    def run(dtype):  # on copies: clip and optimizer write in place
        params = {name: nn.Parameter(t.to(dtype, copy=True)) for name, t in initial.items()}
        ema = clone(params.items())
        optimizer, out, norms = build_optimizer(case, list(params.values()), case["lr"][0]), {}, []
        for step, lr in enumerate(case["lr"]):
            optimizer.param_groups[0]["lr"] = lr
            for name, p in params.items():
                p.grad = grads[f"grad.{step}.{name}"].to(dtype, copy=True)
            norms.append(clip(case, params.values()))
            optimizer.step()
            average(case, ema, params)
            out.update(clone(params.items(), f"param.{step}."))
            out.update(clone(ema.items(), f"ema.{step}."))
        out["grad_norm"] = torch.tensor(norms, dtype=torch.float64)
        return out

    want = run(torch.float64)
    worst, name = worst_tensor(run(torch.float32), want)
    save(folder / "init.safetensors.gz", initial)
    save(folder / "grads.safetensors.gz", grads)
    save(folder / "expect64.safetensors.gz", want)
    print(f"{folder.name}: norm {rounded(want['grad_norm'])}, float32: {worst:.0e} ({name})")
    return {"tensor": two_digits(max(1e-6, 3 * worst))}


def squares(got, want):
    return (got.double() - want.double()).square().sum().item(), want.double().square().sum().item()


def floats(want):
    return {name: t for name, t in want.items() if t.is_floating_point()}


def worst_tensor(got, want):
    """The largest relative L2 distance of a tensor, and its name."""
    distances = []
    for name, t in floats(want).items():
        d, n = squares(got[name], t)
        distances.append(((d / n) ** 0.5 if n else d ** 0.5, name))
    return max(distances)


def by_kind(got, want):
    """The relative L2 distance over all tensors of a kind: what stands before the first dot of their names."""
    sums = {}
    for name, t in floats(want).items():
        d, n = squares(got[name], t)
        old = sums.get(name.split(".")[0], (0, 0))
        sums[name.split(".")[0]] = old[0] + d, old[1] + n
    sums["loss0"] = squares(got["loss"][:1], want["loss"][:1])
    return {kind: (d / n) ** 0.5 for kind, (d, n) in sums.items()}


def two_digits(x):
    return float(f"{x:.2g}")


def rounded(t):
    return " ".join(f"{x:.4g}" for x in t.tolist())


def save(path, tensors):
    """Write a packed safetensors file: the header's length, the header as JSON, the tensors one after the other."""
    names = {torch.float32: "F32", torch.int64: "I64", torch.uint8: "U8"}
    header, data = {}, b""
    for name, t in tensors.items():
        t = t.detach().float() if t.is_floating_point() else t
        raw = t.contiguous().numpy().tobytes()
        header[name] = {"dtype": names[t.dtype], "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the tensors start at a multiple of eight
    path.write_bytes(gzip.compress(struct.pack("<Q", len(text)) + text + data, mtime=0))


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description="write the compact golden cases")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--out", type=pathlib.Path, default=here / "golden")
    args = parser.parse_args()
    torch.set_num_threads(1)  # so that a repetition gives the same bytes
    for name in args.cases or CASES:
        if name not in CASES:
            parser.error(f"no case {name}")
        case, folder = dict(CASES[name]), args.out / name
        folder.mkdir(parents=True, exist_ok=True)
        write = write_training if case["kind"] == "train" else write_optimizer
        tolerance = write(case, folder)
        text = json.dumps(dict(case, torch=torch.__version__, tolerance=tolerance), indent=1)
        (folder / "case.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
