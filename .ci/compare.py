"""cnnvk beside PyTorch on this machine, as Markdown tables.

A shared machine gives now more and now less. So the two take turns, a ratio is of two runs that
followed one another, and what is shown is the median over rounds, with the least and the most.
Usage: compare.py ROUNDS [BATCHES=1]     from the repository's root; BATCHES=1 also measures other batch sizes.
"""

import datetime
import json
import os
import statistics
import subprocess
import sys

THREADS, BATCH, REPEATS = 2, 128, 10
BATCHES = [32, 64, 128, 256, 512]
DRIVERS = [[], ["sh", ".ci/driver.sh", "lavapipe25"]]  # what stands before a command: nothing for the default driver
LAYOUTS = {"nchw": "NCHW", "channels_last": "channels-last"}
MODES = {"train_img_s": "train", "eval_img_s": "eval"}
rounds, batches_too = int(sys.argv[1]), len(sys.argv) > 2 and sys.argv[2] == "1"

os.environ.setdefault("LP_NUM_THREADS", str(THREADS))  # lavapipe's


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"compare: {' '.join(command)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def bench(driver, batch=BATCH, repeats=REPEATS):
    return run(*driver, "bin/cnnvk", "bench", "--json", "--batch-size", str(batch), "--repeats", str(repeats))


def say(text):
    print(text, file=sys.stderr, flush=True)


def spread(values, digits):
    """The median of the values, and the least and the most."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}..{max(values):.{digits}f})"


def cpu():
    try:
        with open("/proc/cpuinfo") as f:
            return next(line.split(":")[1].strip() for line in f if line.startswith("model name"))
    except (OSError, StopIteration):
        return "unknown processor"


def row(*cells):
    print("|", " | ".join(cells), "|")


def header(*cells):
    row(*cells)
    row(*["---"] * len(cells))


def beside_pytorch():
    peers, ours = [], [[] for _ in DRIVERS]
    for n in range(rounds):
        say(f"compare: round {n + 1} of {rounds}")
        # PyTorch in the middle: it comes next to both drivers.
        ours[0].append(bench(DRIVERS[0]))
        peers.append(run(sys.executable, ".ci/peer_torch.py", str(THREADS), str(BATCH), str(REPEATS)))
        ours[1].append(bench(DRIVERS[1]))
    heads = [f"{BATCH} images, images/s"]
    for mode in MODES.values():
        heads += [mode] + [f"{mode}, to {layout}" for layout in LAYOUTS.values()]
    header(*heads)
    for results in ours:
        cells = [f"cnnvk, {results[0]['driver']}"]
        for mode in MODES:
            cells.append(spread([r[mode] for r in results], 0))
            for layout in LAYOUTS:
                cells.append(spread([r[mode] / p[layout][mode] for r, p in zip(results, peers)], 2))
        row(*cells)
    for layout, name in LAYOUTS.items():
        cells = [f"PyTorch {peers[0]['version']}, {name}"]
        for mode in MODES:
            cells += [spread([p[layout][mode] for p in peers], 0)] + ["" for _ in LAYOUTS]
        row(*cells)


def by_batch(driver):
    results = {batch: [] for batch in BATCHES}
    for n in range(rounds):
        for batch in BATCHES:
            say(f"compare: round {n + 1} of {rounds}, batch {batch}")
            results[batch].append(bench(driver, batch, 5))
    print()
    header("batch, " + results[BATCH][0]["driver"], *(f"{mode} images/s" for mode in MODES.values()), "device memory, MB")
    for batch, list_ in results.items():
        row(str(batch), *(spread([r[mode] for r in list_], 0) for mode in MODES), f"{list_[0]['peak_device_bytes'] / 1e6:.0f}")
    ratios = []
    for mode in MODES:
        by_round = [[results[batch][n][mode] for batch in BATCHES] for n in range(rounds)]
        ratios.append(spread([max(rates) / min(rates) for rates in by_round], 2))
    row("most to least", *ratios, "")


load = os.getloadavg()[0]
if load > 0.5:  # PyTorch's threads wait for one another; what takes a core from one of them stops both
    say(f"compare: others are at work here, load {load:.1f}: no ratio will hold")
for driver in DRIVERS:
    say("compare: compiling, and tuning where that was not done, for " + bench(driver, repeats=1)["driver"])
print(f"{datetime.date.today()}, {cpu()}, {THREADS} threads, load before {load:.1f}, rounds: {rounds}, median (least..most)\n", flush=True)
beside_pytorch()
if batches_too:
    for driver in DRIVERS:
        by_batch(driver)
