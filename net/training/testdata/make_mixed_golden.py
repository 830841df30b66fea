#!/usr/bin/python3
"""Write the golden cases of mixed precision in golden/: what PyTorch makes of a few training steps that store activations in 16 bits.

    ./make_mixed_golden.py                    every case below, into golden/ beside this script
    ./make_mixed_golden.py mixed-resnet9s-float16 ...

The oracle of the reference executor: PyTorch rounds where that one stores. Every activation is rounded when an op has made it, and so is every
gradient of one, each reader's contribution by itself and then their sum; weights of dense convolutions are multiplied as rounded. All sums,
parameters, statistics, the last Linear and the loss are float64. With float16 the loss is scaled, and gradients are divided by the scale before
norm and update.

A case is one of make_golden.py's kind "train", with two keys more: "amp" is the type, "batches" the case whose batches it takes. Initial weights
are those of the seed. In expect64.safetensors.gz:
    logits0, grad0.NAME        the first step, gradients of the scaled loss before clipping
    buffer.NAME                after the last step
    loss, grad_norm (steps,)   the norm is that of unscaled gradients, before clipping

"tolerance" is for who computes in float32: a value that lies near the middle of two steps of 16 bits falls to either side. It is three times the
worst of four float32 runs that round at the same places, but at least half a step, since they may be lucky. PyTorch's own autocast, which knows bfloat16 alone on a CPU, casts at other
places; how far it is from float32, and how far this is, is printed.
"""
import argparse
import json
import pathlib

import torch
from torch import nn

import make_golden
from make_golden import TRAIN, RESIDUAL, Block, by_kind, build, build_optimizer, clip, clone, made_up, save, two_digits, worst_tensor

SMALL = dict(TRAIN, widths=[4, 5, 6, 7, 8, 9], seed=32, batch=5, steps=3, optimizer="adamw", lr=0.002, weight_decay=0.01, label_smoothing=0.1,
             clip_grad_norm=1.0, ema_decay=0.0, batches="narrow-adamw")
RESNET = dict(TRAIN, **RESIDUAL, model="resnet9s", widths=[3, 4, 5, 6], seed=1, batches="narrow-resnet9s")
CASES = {f"mixed-{name}-{amp}": dict(case, amp=amp) for name, case in (("smallcifarnet", SMALL), ("resnet9s", RESNET))
         for amp in ("float16", "bfloat16")}
SCALE = {"float16": 65536.0, "bfloat16": 1.0}
FORMATS = {"float16": (10, -14), "bfloat16": (7, -126)}  # bits of the fraction, exponent of the smallest normal number


def rounded(t, amp):
    """To nearest even, at once: PyTorch goes from float64 by way of float32, which would round twice."""
    fraction, least = FORMATS[amp]
    wide = t.double()
    exponent = (torch.frexp(wide).exponent - 1).clamp(min=least)
    step = torch.ldexp(torch.ones_like(wide), exponent - fraction)
    out = torch.round(wide / step) * step
    out[out.abs() >= 2.0 ** (2 - least)] *= float("inf")
    return out.to(t.dtype)


class Stored(torch.autograd.Function):
    """A tensor of 16 bits: it is rounded, and so is the sum of its gradients."""
    @staticmethod
    def forward(ctx, x, amp):
        ctx.amp = amp
        return rounded(x, amp)

    @staticmethod
    def backward(ctx, dy):
        return rounded(dy, ctx.amp), None


class Read(torch.autograd.Function):
    """What an op reads: its contribution to the gradient is stored by itself."""
    @staticmethod
    def forward(ctx, x, amp):
        ctx.amp = amp
        return x.view_as(x)

    @staticmethod
    def backward(ctx, dy):
        return rounded(dy, ctx.amp), None


class Multiplied(torch.autograd.Function):
    """The weight of a product: rounded, its gradient is not."""
    @staticmethod
    def forward(ctx, w, amp):
        return rounded(w, amp)

    @staticmethod
    def backward(ctx, dw):
        return dw, None


class Mixed:
    """The two networks, op by op."""
    def __init__(self, net, amp):
        self.net, self.amp = net, amp

    def op(self, f, *inputs):
        return Stored.apply(f(*(Read.apply(x, self.amp) for x in inputs)), self.amp)

    def layer(self, m, x):
        if isinstance(m, nn.Conv2d) and m.groups == 1:
            return self.op(lambda x: nn.functional.conv2d(x, Multiplied.apply(m.weight, self.amp), None, m.stride, m.padding), x)
        return self.op(m, x)

    def layers(self, x, *modules):
        for m in modules:
            x = self.layer(m, x)
        return x

    def classify(self, x, linear):
        return linear(Read.apply(self.op(lambda x: x.mean((2, 3)), x), self.amp))

    def __call__(self, x):
        x = Stored.apply(x, self.amp)
        return self.smallcifarnet(x) if isinstance(self.net, make_golden.SmallCIFARNet) else self.resnet9s(x)

    def smallcifarnet(self, x):
        for m in self.net.features:
            x = self.layers(x, m.depthwise, m.pointwise, m.bn, torch.relu) if isinstance(m, Block) else self.layer(m, x)
        return self.classify(x, self.net.classifier)

    def resnet9s(self, x):
        def conv_bn(m, x):
            return self.layers(x, m.conv, m.bn, m.relu)
        x = conv_bn(self.net.stem, x)
        for first, basic in (self.net.stage1, self.net.stage2, self.net.stage3):
            x = conv_bn(first, x)
            y = self.layers(x, basic.conv1, basic.bn1, basic.relu1, basic.conv2, basic.bn2)
            x = self.layer(basic.relu2, self.op(torch.add, x, y))
        return self.classify(x, self.net.fc)


def run(case, batches, dtype, forward, layout=torch.contiguous_format, backwards=False, nudge=False):
    """Train, and return all that expect64 holds. forward makes a network's forward pass of it; the options are make_golden.py's."""
    net = build(case)
    if nudge:
        with torch.no_grad():
            for p in net.parameters():
                p.copy_(torch.nextafter(p, p + 1))
    net = net.to(dtype=dtype, memory_format=layout)
    turn = (lambda t: t.flip(0)) if backwards else (lambda t: t)
    mean, std = (torch.tensor(v).view(-1, 1, 1) for v in (make_golden.MEAN, make_golden.STD))
    criterion, scale = nn.CrossEntropyLoss(label_smoothing=case["label_smoothing"]), SCALE[case["amp"]]
    optimizer, classify = build_optimizer(case, net.parameters(), case["lr"]), forward(net)
    out, losses, norms = {}, [], []
    for step in range(case["steps"]):
        optimizer.zero_grad(set_to_none=True)
        logits = classify(turn((batches[step][0].float() / 255 - mean) / std).to(dtype=dtype, memory_format=layout))
        loss = criterion(logits, turn(batches[step][1]))
        (loss * scale).backward()
        if step == 0:
            out["logits0"] = turn(logits.detach())
            out.update(clone(((name, p.grad) for name, p in net.named_parameters()), "grad0."))
        for p in net.parameters():
            p.grad /= scale
            if not p.grad.isfinite().all():
                raise SystemExit(f"step {step} overflows: take another seed or scale")
        norms.append(clip(case, net.parameters()))
        optimizer.step()
        losses.append(loss.item())
    out.update(clone(net.named_buffers(), "buffer."))
    out["loss"], out["grad_norm"] = (torch.tensor(v, dtype=torch.float64) for v in (losses, norms))
    return out


def autocast(net):
    def forward(x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = net(x)
        return logits.float()
    return forward


def write(name, case, folder):
    batches, amp = made_up(case), case["amp"]
    mixed = lambda net: Mixed(net, amp)
    want = run(case, batches, torch.float64, mixed)
    again = run(case, batches, torch.float64, mixed, layout=torch.channels_last, backwards=True)
    worst, tensor = worst_tensor(again, want)
    if worst > 1e-7:
        raise SystemExit(f"{name}: {tensor} moves by {worst:.0e} in float64: take another seed")
    distances = [by_kind(run(case, batches, torch.float32, mixed, **options), want) for options in
                 ({}, {"layout": torch.channels_last}, {"backwards": True}, {"nudge": True})]
    largest = {kind: max(d[kind] for d in distances) for kind in distances[0]}
    plain = run(case, batches, torch.float32, lambda net: net)
    print(f"{name}: loss {make_golden.rounded(want['loss'])}, norm {make_golden.rounded(want['grad_norm'])}, float64 repeats to {worst:.0e}")
    print("  float32:", ", ".join(f"{kind} {v:.0e}" for kind, v in largest.items()))
    print("  from float32 without rounding:", ", ".join(f"{kind} {v:.1e}" for kind, v in by_kind(want, plain).items()))
    if amp == "bfloat16":
        print("  PyTorch's autocast from it:   ", ", ".join(f"{kind} {v:.1e}" for kind, v in by_kind(run(case, batches, torch.float32, autocast), plain).items()))
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / "expect64.safetensors.gz", want)
    tolerance = {kind: two_digits(max(2.0 ** -(FORMATS[amp][0] + 1), 3 * v)) for kind, v in largest.items()}
    (folder / "case.json").write_text(json.dumps(dict(case, torch=torch.__version__, tolerance=tolerance), indent=1) + "\n")


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description="write the golden cases of mixed precision")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--out", type=pathlib.Path, default=here / "golden")
    args = parser.parse_args()
    torch.set_num_threads(1)  # so that a repetition gives the same bytes
    for name in args.cases or CASES:
        if name not in CASES:
            parser.error(f"no case {name}")
        write(name, CASES[name], args.out / name)


if __name__ == "__main__":
    main()
