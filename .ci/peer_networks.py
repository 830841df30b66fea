"""Networks of cnnvk in PyTorch, each with the training step of its recipe, for the scripts that measure beside it."""

import torch
from torch import nn


def separable(channels_in, channels_out, dropout):
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_in, 3, padding=1, groups=channels_in, bias=False),
        nn.Conv2d(channels_in, channels_out, 1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
        nn.Dropout2d(dropout),
    )


def head(channels):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 100))


def small_cifar_net():
    return nn.Sequential(
        separable(3, 64, 0.05),
        nn.MaxPool2d(2),
        separable(64, 128, 0.10),
        nn.MaxPool2d(2),
        separable(128, 256, 0.15),
        nn.MaxPool2d(2),
        separable(256, 512, 0.20),
        separable(512, 512, 0.20),
        separable(512, 512, 0.20),
        head(512),
    )


def conv(channels_in, channels_out, kernel=3, stride=1, groups=1):
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(channels_out),
    )


class Residual(nn.Module):
    def __init__(self, main):
        super().__init__()
        self.main = main

    def forward(self, x):
        return torch.relu(x + self.main(x))


def resnet9s():
    layers, widths = [conv(3, 24), nn.ReLU()], [24, 48, 96, 160]
    for channels_in, c in zip(widths, widths[1:]):
        layers += [conv(channels_in, c, stride=2), nn.ReLU()]
        layers += [Residual(nn.Sequential(conv(c, c), nn.ReLU(), conv(c, c)))]
    return nn.Sequential(*layers, head(widths[-1]))


def ds_resnet():
    def block(channels_in, channels_out, stride=1):
        main = nn.Sequential(conv(channels_in, channels_in, stride=stride, groups=channels_in), conv(channels_in, channels_out, 1))
        return Residual(main) if channels_in == channels_out else nn.Sequential(main, nn.ReLU())

    blocks = [(32, 128), (128, 128), (128, 256, 2), (256, 256), (256, 256), (256, 512, 2), (512, 512)]
    return nn.Sequential(conv(3, 32, stride=2), nn.ReLU(), *[block(*b) for b in blocks], head(512))


# By cnnvk's names: how it is made, and its parameters as `cnnvk summary` counts them.
NETWORKS = {"smallcifarnet": (small_cifar_net, 765055), "resnet9s": (resnet9s, 876860), "ds-resnet": (ds_resnet, 651108)}


def network(name):
    make, parameters = NETWORKS[name]
    net = make()
    assert sum(p.numel() for p in net.parameters()) == parameters, name
    return net


def update_of(name, net, **adamw):
    """What follows backward() in a step of the network's recipe, as a function. The keywords go to AdamW."""
    if name != "smallcifarnet":
        sgd = torch.optim.SGD(net.parameters(), lr=0.4, momentum=0.9, nesterov=True, weight_decay=5e-4)
        return sgd.step

    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=5e-4, **adamw)
    model = [t for t in net.state_dict().values() if t.is_floating_point()]
    average = [t.clone() for t in model]

    def update():
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        with torch.no_grad():
            torch._foreach_mul_(average, 0.995)  # PyTorch 1.13 has no _foreach_lerp_
            torch._foreach_add_(average, model, alpha=0.005)

    return update
