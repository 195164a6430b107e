"""DLRM as the article describes it (Naumov et al. 2019, arXiv 1906.00091), in PyTorch's own layers."""
import time

import torch
from torch import nn

KAGGLE_ROWS = [1460, 583, 1013122, 220260, 305, 24, 12517, 633, 3, 93145, 5683, 835159, 3194, 27, 14992, 546130, 10,
               5652, 2173, 4, 704654, 18, 15, 286181, 105, 142572]

DCNV2_ROWS = [400000, 39060, 17295, 7424, 20265, 3, 7122, 1543, 63, 400000, 400000, 400000, 10, 2209, 11938, 155, 4, 976, 14,
              400000, 400000, 400000, 400000, 12973, 108, 36]
DCNV2_BAGS = [3, 2, 1, 2, 6, 1, 1, 1, 1, 7, 3, 8, 1, 6, 9, 5, 1, 1, 1, 12, 100, 27, 10, 3, 1, 1]

# rows of each table, embedding dimension, lookups a bag, bottom and top widths, (cross layers, rank) or None for the dot
# interaction: the presets of `dlrm bench`
PRESETS = {
    'kaggle': (KAGGLE_ROWS, 16, [1] * 26, [13, 512, 256, 64, 16], [512, 256, 1], None),
    'embedding-heavy': ([1000000] * 8, 64, [100] * 8, [512, 512, 64], [1024, 1024, 1024, 1], None),
    'dcnv2': (DCNV2_ROWS, 128, DCNV2_BAGS, [13, 512, 256, 128], [1024, 1024, 512, 256, 1], (3, 512)),
}


def tower(widths, last):
    layers = []
    for fan_in, fan_out in zip(widths, widths[1:]):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1], last)


class Dot(nn.Module):
    def __init__(self, features, dimension):
        super().__init__()
        self.width = dimension + features * (features - 1) // 2
        self.pairs = torch.tril_indices(features, features, offset=-1)

    def forward(self, features):
        stacked = torch.stack(features, dim=1)  # (B, F, D)
        products = torch.bmm(stacked, stacked.transpose(1, 2))
        return torch.cat([features[0], products[:, self.pairs[0], self.pairs[1]]], dim=1)


class Cross(nn.Module):
    """The low-rank cross network of DCN V2 (Wang et al. 2020, arXiv 2008.13535)."""

    def __init__(self, features, dimension, layers, rank):
        super().__init__()
        self.width = features * dimension
        self.down = nn.ModuleList(nn.Linear(self.width, rank, bias=False) for _ in range(layers))
        self.up = nn.ModuleList(nn.Linear(rank, self.width) for _ in range(layers))

    def forward(self, features):
        first = x = torch.cat(features, dim=1)
        for down, up in zip(self.down, self.up):
            x = torch.addcmul(x, first, up(down(x)))
        return x


class Dlrm(nn.Module):
    def __init__(self, rows, dimension, bottom, top, cross):
        super().__init__()
        features = len(rows) + 1
        self.tables = nn.ModuleList(nn.EmbeddingBag(n, dimension, mode='sum', sparse=True) for n in rows)
        self.bottom = tower(bottom, nn.ReLU())
        self.interaction = Cross(features, dimension, *cross) if cross else Dot(features, dimension)
        self.top = tower([self.interaction.width] + top, nn.Sigmoid())

    def forward(self, dense, lookups):
        pooled = [table(indices, offsets) for table, (indices, offsets) in zip(self.tables, lookups)]
        return self.top(self.interaction([self.bottom(dense)] + pooled))


class Workload:
    """A model, and batches enough that they are not all in the cache when they come round again."""

    def __init__(self, preset, batch, threads):
        rows, dimension, bags, bottom, top, cross = PRESETS[preset]
        torch.set_num_threads(threads)
        torch.manual_seed(1)
        self.model = Dlrm(rows, dimension, bottom, top, cross)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01)
        self.loss = nn.BCELoss()
        self.batches = [
            (torch.rand(batch, bottom[0]),
             [(torch.randint(0, n, (batch * bag,)), torch.arange(0, batch * bag, bag)) for n, bag in zip(rows, bags)],
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
