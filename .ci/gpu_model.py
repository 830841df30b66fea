"""A model of a training step's time on a GPU, as a Markdown table: from bytes, operations and dispatches, without the GPU.

Usage: gpu_model.py CARD NAME=PLAN.json...     CARD is one of those below; a plan is what `cnnvk bench --profile --json` prints, on a driver without its GPU as well:
  CNNVK_COMPILE_ONLY=1 sh .ci/driver.sh nvk-174 bin/cnnvk bench --no-tune --augment none --profile --json

A dispatch takes the longest of three times: bytes by attainable bandwidth; bytes by what its invocations can have under way, 64 each, in the
time that memory takes to answer (Little's law), which is what few invocations wait for; operations by attainable rate. Each dispatch and each
barrier cost something besides.
"""

import json
import sys

# Published: bytes and float32 operations a second. RX 6600 XT: amd.com, 256 GB/s, 10.6 Tflop/s; Arc A770: intel.com (ARK), 560 GB/s, 2.4 GHz x
# 4,096 lanes x 2; H100 SXM5 80 GB: NVIDIA's data sheet, 3.35 TB/s, 67 Tflop/s.
CARDS = {"RX 6600 XT": (256e9, 10.6e12), "Arc A770": (560e9, 19.7e12), "H100": (3350e9, 67e12)}

# Fitted to the profile of the H100 in docs/performance.md: what a copy reaches of the published bandwidth, 2,758 of 3,350 GB/s; the products of
# their ceiling; a dispatch with its barrier, 87 small ones in 0.41 ms. Taken for all cards. The answer of memory is assumed.
COPY = 0.82
ATTAINED = {"weight gradients of products": 0.07, "products": 0.16}
DISPATCH, BARRIER = 1e-6, 4.7e-6
ANSWER, UNDER_WAY = 0.7e-6, 64

GROUPS = [
    ("weight gradients of products", lambda k: k["flops"] > 0 and "backward_weight" in k["op"] and "depthwise" not in k["op"]),
    ("products", lambda k: k["flops"] > 0 and "depthwise" not in k["op"]),
    ("depthwise convolutions", lambda k: k["kernel"].startswith("depthwise")),
    ("fused BatchNorm2d", lambda k: k["kernel"].startswith(("norm_", "activation_norm"))),
    ("statistics", lambda k: k["kernel"].startswith(("batch_norm2d_statistics", "input_covariance"))),
    ("gradient_norm_finish", lambda k: k["kernel"] == "gradient_norm_finish"),
    ("small dispatches", lambda k: k["kernel"].startswith(("pack", "concat", "sum_partials", "dropout2d_mask", "running")) or k["kernel"].endswith(("_finish", "_covariance", "coefficients"))),
    ("all else", lambda k: True),
]


def group(k):
    return next(name for name, holds in GROUPS if holds(k))


def seconds(k, card):
    """What one kernel's calls take, without what each costs besides."""
    bandwidth, flops = CARDS[card]
    moved = k["bytes"] / k["calls"]
    memory = max(moved / (COPY * bandwidth), moved / k["invocations"] / UNDER_WAY * ANSWER)
    arithmetic = k["flops"] / k["calls"] / (ATTAINED.get(group(k), 1) * flops)
    return k["calls"] * max(memory, arithmetic)


def step(program, card):
    """Milliseconds by group, barriers shared out by dispatches."""
    each = DISPATCH + BARRIER * program["barriers"] / program["dispatches"]
    out = {name: 0.0 for name, _ in GROUPS}
    for k in program["kernels"]:
        out[group(k)] += 1e3 * (seconds(k, card) + k["calls"] * each)
    return out


def main():
    card, plans = sys.argv[1], {}
    if card not in CARDS:
        sys.exit(f"gpu_model: {card}: use one of {', '.join(CARDS)}")
    for argument in sys.argv[2:]:
        name, path = argument.split("=", 1)
        with open(path) as f:
            plans[name] = json.load(f)["programs"][0]
    print(f"| {card}, ms | " + " | ".join(plans) + " |\n| --- |" + " --- |" * len(plans))
    times = {name: step(p, card) for name, p in plans.items()}
    for g, _ in GROUPS:
        print(f"| {g} | " + " | ".join(f"{t[g]:.2f}" for t in times.values()) + " |")
    print("| step | " + " | ".join(f"{sum(t.values()):.2f}" for t in times.values()) + " |\n")
    for name, p in plans.items():
        print(f"{name}: {p['dispatches']} dispatches, {p['barriers']} barriers, {sum(k['bytes'] for k in p['kernels']) / 1e6:.0f} MB, {sum(k['flops'] for k in p['kernels']) / 1e9:.1f} Gflop")


main()
