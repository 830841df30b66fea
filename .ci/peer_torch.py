"""Images/s of SmallCIFARNet in PyTorch on the CPU: the recipe's training step, and the forward pass alone.

Prints one JSON object, rates as medians, by memory layout: NCHW, which is PyTorch's default, and channels-last.
Usage: peer_torch.py THREADS BATCH REPEATS
"""

import json
import os
import statistics
import sys
import time

threads, batch, repeats = map(int, sys.argv[1:])
os.environ["OPENBLAS_NUM_THREADS"] = str(threads)  # read when it is loaded
try:
    import torch
except ImportError:
    sys.exit(f"there is no PyTorch for {sys.executable} (Debian: python3-torch)")
from torch import nn

from peer_network import small_cifar_net

torch.set_num_threads(threads)
WARM_UPS = 3  # steps that are not measured


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
    net = small_cifar_net().to(memory_format=memory_format)
    assert sum(p.numel() for p in net.parameters()) == 765055
    model = [t for t in net.state_dict().values() if t.is_floating_point()]
    average = [t.clone() for t in model]
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=5e-4)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
    images = torch.randn(batch, 3, 32, 32).contiguous(memory_format=memory_format)
    labels = torch.randint(0, 100, (batch,))

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(net(images), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        with torch.no_grad():
            for a, m in zip(average, model):
                a.mul_(0.995).add_(m, alpha=0.005)
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
            "threads": threads,
            "batch_size": batch,
            "repeats": repeats,
            "nchw": rates(torch.contiguous_format),
            "channels_last": rates(torch.channels_last),
        }
    )
)
