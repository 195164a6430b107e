"""DLRM as the article describes it (Naumov et al. 2019, arXiv 1906.00091), in PyTorch's own layers."""
import time

import torch
from torch import nn

KAGGLE_ROWS = [1460, 583, 1013122, 220260, 305, 24, 12517, 633, 3, 93145, 5683, 835159, 3194, 27, 14992, 546130, 10,
               5652, 2173, 4, 704654, 18, 15, 286181, 105, 142572]

# rows of each table, embedding dimension, lookups a bag, bottom and top widths: the presets of `dlrm bench`
PRESETS = {
    'kaggle': (KAGGLE_ROWS, 16, 1, [13, 512, 256, 64, 16], [512, 256, 1]),
    'embedding-heavy': ([1000000] * 8, 64, 100, [512, 512, 64], [1024, 1024, 1024, 1]),
}


def tower(widths, last):
    layers = []
    for fan_in, fan_out in zip(widths, widths[1:]):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1], last)


class Dlrm(nn.Module):
    def __init__(self, rows, dimension, bottom, top):
        super().__init__()
        features = len(rows) + 1
        self.tables = nn.ModuleList(nn.EmbeddingBag(n, dimension, mode='sum', sparse=True) for n in rows)
        self.bottom = tower(bottom, nn.ReLU())
        self.top = tower([dimension + features * (features - 1) // 2] + top, nn.Sigmoid())
        self.pairs = torch.tril_indices(features, features, offset=-1)

    def forward(self, dense, lookups):
        x = self.bottom(dense)
        pooled = [table(indices, offsets) for table, (indices, offsets) in zip(self.tables, lookups)]
        stacked = torch.stack([x] + pooled, dim=1)  # (B, F, D)
        products = torch.bmm(stacked, stacked.transpose(1, 2))
        return self.top(torch.cat([x, products[:, self.pairs[0], self.pairs[1]]], dim=1))


class Workload:
    """A model, and batches enough that they are not all in the cache when they come round again."""

    def __init__(self, preset, batch, threads):
        rows, dimension, bag, bottom, top = PRESETS[preset]
        torch.set_num_threads(threads)
        torch.manual_seed(1)
        self.model = Dlrm(rows, dimension, bottom, top)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01)
        self.loss = nn.BCELoss()
        offsets = torch.arange(0, batch * bag, bag)
        self.batches = [
            (torch.rand(batch, bottom[0]),
             [(torch.randint(0, n, (batch * bag,)), offsets) for n in rows],
             torch.randint(0, 2, (batch, 1)).float())
            for _ in range(min(max(8192 // batch, 4), 64))
        ]
        self.next = 0

    def batch(self):
        self.next += 1
        return self.batches[self.next % len(self.batches)]

    def train(self, count):
        times = []
        for _ in range(count):
            dense, lookups, labels = self.batch()
            start = time.perf_counter()
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.loss(self.model(dense, lookups), labels)
            loss.backward()
            self.optimizer.step()
            times.append(1e3 * (time.perf_counter() - start))
        return times

    def infer(self, count):
        times = []
        with torch.inference_mode():
            for _ in range(count):
                dense, lookups, _ = self.batch()
                start = time.perf_counter()
                self.model(dense, lookups)
                times.append(1e3 * (time.perf_counter() - start))
        return times
