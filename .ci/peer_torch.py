"""Images/s of one of cnnvk's networks in PyTorch on the CPU: the recipe's training step, and the forward pass alone.

Prints one JSON object, rates as medians, by memory layout: NCHW, which is PyTorch's default, and channels-last.
Usage: peer_torch.py NETWORK THREADS BATCH REPEATS [heap=system]

glibc gives large blocks back to the system after every op and asks for them again in the next. On virtual machines that can cost
PyTorch most of its speed, so the heap is kept, as jemalloc keeps it, unless heap=system says not to.
"""

import ctypes
import json
import os
import statistics
import sys
import time

name, threads, batch, repeats = sys.argv[1], *map(int, sys.argv[2:5])
keeps_heap = "heap=system" not in sys.argv[5:]
if keeps_heap:
    M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # of malloc.h
    for option, value in (M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1), (M_TOP_PAD, 2**28):
        ctypes.CDLL(None).mallopt(option, value)
os.environ["OPENBLAS_NUM_THREADS"] = str(threads)  # read when it is loaded
try:
    import torch
except ImportError:
    sys.exit(f"there is no PyTorch for {sys.executable} (Debian: python3-torch)")

from peer_networks import network, update_of

torch.set_num_threads(threads)
WARM_UPS = 4  # steps that are not measured


def seconds(run):
    """The median time of a run."""
    times = []
    for i in range(WARM_UPS + repeats):
        began = time.perf_counter()
        run()
        if i >= WARM_UPS:
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def rates(memory_format):
    torch.manual_seed(0)
    net = network(name).to(memory_format=memory_format)
    update = update_of(name, net)
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    images = torch.randn(batch, 3, 32, 32).contiguous(memory_format=memory_format)
    labels = torch.randint(0, 100, (batch,))

    def step():
        net.zero_grad(set_to_none=True)
        loss = loss_of(net(images), labels)
        loss.backward()
        update()
        return loss.item()

    net.train()
    train = batch / seconds(step)
    net.eval()
    with torch.no_grad():
        return {"train_img_s": train, "eval_img_s": batch / seconds(lambda: net(images))}


print(
    json.dumps(
        {
            "version": torch.__version__,
            "network": name,
            "threads": threads,
            "batch_size": batch,
            "repeats": repeats,
            "keeps_heap": keeps_heap,
            "nchw": rates(torch.contiguous_format),
            "channels_last": rates(torch.channels_last),
        }
    )
)
