"""cnnvk beside PyTorch on this machine, as Markdown tables.

A shared machine gives now more and now less. So the two take turns, a ratio is of runs of one round, and what is shown is the median
over rounds with the quartiles. While others are at work nothing is measured: their work stops PyTorch's threads, which wait for one
another, far more than lavapipe's.
Usage: compare.py ROUNDS BATCHES [DRIVER...]     from the repository's root; BATCHES is 1 to measure other batch sizes, too. The drivers
are default, which is this machine's own, and those of driver.sh (default lavapipe25 lavapipe26).
"""

import ctypes.util
import datetime
import json
import os
import statistics
import subprocess
import sys
import time

THREADS, BATCH, REPEATS = 2, 128, 10
BATCHES = [32, 64, 128, 256, 512]
NETWORKS = ["smallcifarnet", "resnet9s", "ds-resnet"]
LAYOUTS = {"nchw": "NCHW", "channels_last": "channels-last"}
MODES = {"train_img_s": "train", "eval_img_s": "forward"}
# jemalloc gives blocks of 8 MB and more back at once, as glibc does, unless it is told to keep them.
KEEPS = "dirty_decay_ms:-1,muzzy_decay_ms:-1,oversize_threshold:0"
MOST_BUSY = 0.1  # cores that others may take
rounds, batches_too = int(sys.argv[1]), sys.argv[2] == "1"
DRIVERS = sys.argv[3:] or ["default", "lavapipe25", "lavapipe26"]

os.environ.setdefault("LP_NUM_THREADS", str(THREADS))  # lavapipe's


def say(text):
    print(f"compare: {text}", file=sys.stderr, flush=True)


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"compare: {' '.join(command)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def bench(driver, network="smallcifarnet", batch=BATCH, repeats=REPEATS):
    on = [] if driver == "default" else ["sh", ".ci/driver.sh", driver]
    return run(*on, "bin/cnnvk", "bench", "--json", "--recipe", network, "--batch-size", str(batch), "--repeats", str(repeats))


def pytorch(network, *heap, preload=None):
    on = ["env", f"LD_PRELOAD={preload}", f"MALLOC_CONF={KEEPS}"] if preload else []
    return run(*on, sys.executable, ".ci/peer_torch.py", network, str(THREADS), str(BATCH), str(REPEATS), *heap)


def busy_cores():
    """How many cores are at work, over three seconds, on a machine where this script waits."""

    def ticks():
        with open("/proc/stat") as f:
            user, nice, system, idle, iowait, *rest = map(int, f.readline().split()[1:])
        return user + nice + system + sum(rest[:3])

    before = ticks()
    time.sleep(3)
    return (ticks() - before) / os.sysconf("SC_CLK_TCK") / 3


def refuse_if_busy():
    busy = busy_cores()
    if busy > MOST_BUSY:
        sys.exit(f"compare: others take {busy:.1f} cores of this machine, so no ratio would hold; try again when it is idle")


def spread(values, digits):
    """The median of the values, and the quartiles."""
    if len(values) < 2:
        return f"{values[0]:.{digits}f}"
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    return f"{median:.{digits}f} ({lower:.{digits}f}..{upper:.{digits}f})"


def cpu():
    try:
        with open("/proc/cpuinfo") as f:
            return next(line.split(":")[1].strip() for line in f if line.startswith("model name"))
    except (OSError, StopIteration):
        return "unknown processor"


def row(*cells):
    print("|", " | ".join(cells), "|", flush=True)


def header(*cells):
    row(*cells)
    row(*["---"] * len(cells))


def beside_pytorch(network):
    """One table: each driver's rates and their ratios to PyTorch's of the same round, then PyTorch's rates."""
    peers, ours = [], {driver: [] for driver in DRIVERS}
    for n in range(rounds):
        say(f"{network}, round {n + 1} of {rounds}")
        refuse_if_busy()
        turns = DRIVERS if n % 2 == 0 else DRIVERS[::-1]
        for driver in turns:
            ours[driver].append(bench(driver, network))
        peers.append(pytorch(network))
    print()
    heads = [f"{network}, images/s"]
    for mode in MODES.values():
        heads += [mode] + [f"{mode}, to {layout}" for layout in LAYOUTS.values()]
    header(*heads)
    for results in ours.values():
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


def heaps():
    """What the heap does to PyTorch: glibc's as it is, and jemalloc where it is installed, as ratios to the kept one of the same round."""
    jemalloc = ctypes.util.find_library("jemalloc")
    others = {"glibc's settings": lambda: pytorch("smallcifarnet", "heap=system")}
    if jemalloc:
        others["jemalloc"] = lambda: pytorch("smallcifarnet", "heap=system", preload=jemalloc)
    ratios = {(name, mode): [] for name in others for mode in MODES}
    for n in range(rounds):
        say(f"heaps, round {n + 1} of {rounds}")
        refuse_if_busy()
        kept = pytorch("smallcifarnet")["channels_last"]
        for name, measure in others.items():
            rates = measure()["channels_last"]
            for mode in MODES:
                ratios[name, mode].append(rates[mode] / kept[mode])
    print()
    for name in others:
        print(f"PyTorch keeps its heap here. With {name} it does, smallcifarnet in channels-last, of that:", end=" ")
        print(", ".join(f"{text} {spread(ratios[name, mode], 2)}" for mode, text in MODES.items()), flush=True)
    if not jemalloc:
        print("PyTorch under jemalloc was not measured: it is not installed (Debian: libjemalloc2).")


def by_batch(driver):
    results = {batch: [] for batch in BATCHES}
    for n in range(rounds):
        for batch in BATCHES:
            say(f"driver {driver}, round {n + 1} of {rounds}, batch {batch}")
            results[batch].append(bench(driver, batch=batch, repeats=5))
    print()
    header("batch, " + results[BATCH][0]["driver"], *(f"{mode} images/s" for mode in MODES.values()), "device memory, MB")
    for batch, list_ in results.items():
        row(str(batch), *(spread([r[mode] for r in list_], 0) for mode in MODES), f"{list_[0]['peak_device_bytes'] / 1e6:.0f}")
    ratios = []
    for mode in MODES:
        by_round = [[results[batch][n][mode] for batch in BATCHES] for n in range(rounds)]
        ratios.append(spread([max(rates) / min(rates) for rates in by_round], 2))
    row("most to least", *ratios, "")


def there(driver):
    """Whether the driver can be had; it is fetched where it is not there yet."""
    return driver == "default" or subprocess.run(["sh", ".ci/driver.sh", driver]).returncode == 0


refuse_if_busy()
DRIVERS = [driver for driver in DRIVERS if there(driver)]
for driver in DRIVERS:
    for network in NETWORKS:
        say(f"compiling, and tuning where that was not done: {network}, driver {driver}")
        bench(driver, network, repeats=1)
print(f"{datetime.date.today()}, {cpu()}, {THREADS} threads, batch {BATCH}, rounds: {rounds}, median (quartiles)", flush=True)
for network in NETWORKS:
    beside_pytorch(network)
heaps()
if batches_too:
    for driver in DRIVERS:
        by_batch(driver)
