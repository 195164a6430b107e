"""Writes pytorch-models.json: small DLRMs in plain PyTorch, trained for some steps. Run with Debian's python3-torch.

Parameters, batches and dropout masks come from 32-bit hashes that PyTorchModel.cs repeats, so the file holds results alone.
"""
import json
import math
import os

import torch
from torch.nn import functional

torch.set_num_threads(1)
M32, M64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF
BATCH, STEPS, SEED = 8, 6, 123


def mix(h):
    h ^= h >> 16
    h = h * 0x85EBCA6B & M32
    h ^= h >> 13
    h = h * 0xC2B2AE35 & M32
    return h ^ h >> 16


def mix64(v):
    v = (v ^ v >> 30) * 0xBF58476D1CE4E5B9 & M64
    v = (v ^ v >> 27) * 0x94D049BB133111EB & M64
    return v ^ v >> 31


def key(*parts):
    state = 0
    for part in parts:
        state = mix64(state + part + 0x9E3779B97F4A7C15 & M64)
    return state


def random_bits(state, element):
    return mix(mix(element ^ state & M32) + (state >> 32) & M32)


def hashes(name, count):
    seed = sum(ord(c) * (k + 1) for k, c in enumerate(name))
    return [mix(seed * 65599 + i & M32) for i in range(count)]


def values(name, shape):
    count = math.prod(shape)
    return torch.tensor([(h >> 20) / 4096 - 0.5 for h in hashes(name, count)]).reshape(shape)


def start(name, shape):
    if ".norm." not in name:
        return values(name, shape)
    if "running" in name:
        return torch.full(shape, 1.0 if name.endswith("var") else 0.0)
    return values(name, shape) / 2 + (1 if name.endswith("weight") else 0)


class Dlrm:
    def __init__(self, config):
        self.config, self.p, self.buffers = config, {}, {}
        self.tower = config.get("tower") or {}
        for t, rows in enumerate(config["tableRows"]):
            self.add(f"emb_l.{t}.weight", rows, config["embeddingDimension"])
        features, d = len(config["tableRows"]) + 1, config["embeddingDimension"]
        n = features * d
        self.add_tower("bot_l", config["bottomMlp"], False)
        if config["interaction"] == "dcn":
            rank = config["cross"]["rank"]
            for l in range(config["cross"]["layers"]):
                self.add(f"inter.W_kernels.{l}", n, rank)
                self.add(f"inter.V_kernels.{l}", rank, n)
                self.add(f"inter.bias.{l}", n)
        width = n if config["interaction"] != "dot" else d + features * (features - 1) // 2
        self.add_tower("top_l", [width] + config["topMlp"], True)

    def add(self, name, *shape):
        self.p[name] = start(name, shape).requires_grad_()

    def add_tower(self, prefix, widths, logit):
        for i in range(len(widths) - 1):
            self.add(f"{prefix}.{2 * i}.weight", widths[i + 1], widths[i])
            self.add(f"{prefix}.{2 * i}.bias", widths[i + 1])
            norm = self.tower.get("normalization", "none")
            if norm != "none" and i < len(widths) - 2:
                self.add(f"{prefix}.{2 * i}.norm.weight", widths[i + 1])
                self.add(f"{prefix}.{2 * i}.norm.bias", widths[i + 1])
                if norm == "batch":
                    for kind in ("running_mean", "running_var"):
                        self.buffers[f"{prefix}.{2 * i}.norm.{kind}"] = start(f".norm.{kind}", (widths[i + 1],))

    def activate(self, x):
        name = self.tower.get("activation", "relu")
        return x if name == "none" else getattr(functional if name != "tanh" else torch, name)(x)

    def run_tower(self, prefix, widths, x, logit, step, first):
        layers = len(widths) - 1
        for i in range(layers):
            name = f"{prefix}.{2 * i}"
            x = functional.linear(x, self.p[name + ".weight"], self.p[name + ".bias"])
            if i == layers - 1:
                return x if logit else self.activate(x)
            norm = self.tower.get("normalization", "none")
            if norm == "batch":
                x = functional.batch_norm(
                    x, self.buffers[name + ".norm.running_mean"], self.buffers[name + ".norm.running_var"],
                    self.p[name + ".norm.weight"], self.p[name + ".norm.bias"], training=step is not None)
            elif norm == "layer":
                x = functional.layer_norm(x, (widths[i + 1],), self.p[name + ".norm.weight"], self.p[name + ".norm.bias"])
            x = self.activate(x)
            p = self.tower.get("dropout", 0)
            if p and step is not None:
                stream = (1 << 32) + ((1 << 16) if logit else 0) + i
                below = round(p * (1 << 24))
                mask = torch.tensor([
                    [float(random_bits(key(SEED, step, stream, first + b), c) >> 8 >= below) for c in range(widths[i + 1])]
                    for b in range(len(x))])
                x = x * mask / (1 - p)

    def forward(self, dense, bags, step=None, first=0):
        c = self.config
        x = self.run_tower("bot_l", c["bottomMlp"], dense, False, step, first)
        features = [x]
        for t, table in enumerate(bags):
            rows = self.p[f"emb_l.{t}.weight"]
            features.append(torch.stack([rows[bag].sum(0) for bag in table]))
        if c["interaction"] == "dcn":
            x0 = x = torch.cat(features, 1)
            for l in range(c["cross"]["layers"]):
                low = functional.linear(x, self.p[f"inter.V_kernels.{l}"])
                x = x0 * (functional.linear(low, self.p[f"inter.W_kernels.{l}"]) + self.p[f"inter.bias.{l}"]) + x
            meet = x
        elif c["interaction"] == "cat":
            meet = torch.cat(features, 1)
        else:
            t = torch.stack(features, 1)
            z = torch.bmm(t, t.transpose(1, 2))
            i, j = torch.tril_indices(len(features), len(features), -1)
            meet = torch.cat([x, z[:, i, j]], 1)
        logit = self.run_tower("top_l", [meet.shape[1]] + c["topMlp"], meet, True, step, first)
        return torch.sigmoid(logit[:, 0])


def batch(config, number, size=BATCH):
    dense = values(f"dense{number}", (size, config["bottomMlp"][0]))
    labels = torch.tensor([float(h >> 31) for h in hashes(f"label{number}", size)])
    bags = []
    for t, rows in enumerate(config["tableRows"]):
        h = iter(hashes(f"bag{number}.{t}", size * 4))
        bags.append([[x % rows for x in [next(h) for _ in range(4)][: n]] for n in
                     [x % 5 for x in hashes(f"length{number}.{t}", size)]])
    return dense, bags, labels


def floats(tensor):
    return [float(f"{v:.9g}") for v in tensor.detach().flatten().tolist()]


def train(name, config, optimizer="sgd", rate=0.25, accumulate=1):
    model = Dlrm(config)
    tables = [p for n, p in model.p.items() if n.startswith("emb_l")]
    others = [p for n, p in model.p.items() if not n.startswith("emb_l")]
    make = {"sgd": torch.optim.SGD, "adagrad": torch.optim.Adagrad, "adam": torch.optim.Adam}[optimizer]
    rules = [make(others, lr=rate), (torch.optim.SparseAdam if optimizer == "adam" else make)(tables, lr=rate)]
    losses, gradients = [], {}
    for number in range(STEPS):
        dense, bags, labels = batch(config, number)
        update = number // accumulate
        scores = model.forward(dense, bags, step=update, first=number % accumulate * BATCH)
        loss = functional.binary_cross_entropy(scores, labels)
        losses.append(float(f"{loss.item():.9g}"))
        loss.backward()
        if number == 0:
            gradients = {n: floats(p.grad) for n, p in model.p.items()}
        if (number + 1) % accumulate == 0 or number + 1 == STEPS:
            for p in tables if optimizer == "adam" else []:
                p.grad = p.grad.to_sparse()
            for rule in rules:
                rule.step()
                rule.zero_grad()
    dense, bags, _ = batch(config, STEPS)
    return {
        "name": name, "config": {**config, "loss": "bce"}, "optimizer": optimizer, "rate": rate, "accumulate": accumulate,
        "losses": losses, "gradients": gradients, "scores": floats(model.forward(dense, bags)),
        "end": {n: floats(p) for n, p in {**model.p, **model.buffers}.items()},
    }


BASE = {"tableRows": [7, 1, 12], "embeddingDimension": 3, "bottomMlp": [4, 6, 3], "topMlp": [5, 1], "interaction": "dot"}
DCN = {**BASE, "interaction": "dcn", "cross": {"layers": 3, "rank": 5}}
CASES = [train("dcn", DCN), train("dcn-adagrad", DCN, "adagrad", 0.05), train("dcn-adam", DCN, "adam", 0.01)]
CASES += [train(f"accumulate-{o}", BASE, o, r, 4) for o, r in (("sgd", 0.1), ("adagrad", 0.05), ("adam", 0.01))]
CASES += [train("accumulate-dcn", DCN, "adagrad", 0.05, 3)]


def tower(name, **options):
    options = {"activation": "relu", "dropout": 0, "normalization": "none", **options}
    return train(name, {**BASE, "bottomMlp": [4, 6, 5, 3], "topMlp": [7, 5, 1], "interaction": "cat", "tower": options})


CASES += [tower(a, activation=a) for a in ("gelu", "silu", "tanh", "none")]
CASES += [tower(n, normalization=n) for n in ("batch", "layer")]
CASES += [tower("dropout", dropout=0.25), tower("all-batch", activation="gelu", dropout=0.5, normalization="batch"),
          tower("all-layer", activation="silu", dropout=0.25, normalization="layer")]

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "pytorch-models.json"), "w", encoding="utf-8") as file:
    file.write('{"torch":"' + torch.__version__ + '","cases":[\n')
    file.write(",\n".join(json.dumps(case, separators=(",", ":")) for case in CASES))
    file.write("\n]}\n")
