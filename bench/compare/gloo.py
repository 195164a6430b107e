#!/usr/bin/python3
"""The same training step by several processes in torch.distributed with gloo and in Dlrm.NET with MPI, in turns, in one
run. PyTorch's side follows the reference's design (extend_distributed.py): tables divided in contiguous runs, towers
replicated in DistributedDataParallel, pooled vectors exchanged by an all-to-all that runs beside the bottom tower.

usage: bench/compare/gloo.py [--preset kaggle] [--batch 2048] [--ranks 2] [--threads 1] [--rounds 5] [--seconds 2]

Needs Debian's python3-torch and openmpi-bin. As in `run`, PyTorch gets the OpenBLAS that suits it, where it is installed.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

LIBRARIES = '/usr/lib/%s-linux-gnu/openblas-openmp' % os.uname().machine
if os.path.isdir(LIBRARIES) and LIBRARIES not in os.environ.get('LD_LIBRARY_PATH', ''):
    for name in ('OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE', 'OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS'):
        os.environ.pop(name, None)  # PyTorch shall show what it can do here
    os.environ['LD_LIBRARY_PATH'] = LIBRARIES + os.pathsep + os.environ.get('LD_LIBRARY_PATH', '')
    os.execv(sys.executable, [sys.executable] + sys.argv)

import torch
import torch.distributed as dist
import torch.multiprocessing as processes
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from torch_dlrm import PRESETS, tower

SETTLE = 0.3  # seconds between turns


class Exchange(torch.autograd.Function):
    """Starts the all-to-all of pooled vectors: (B, own tables · D) to (own samples, all tables · D) once waited for."""

    @staticmethod
    def forward(ctx, job, pooled):
        ctx.job = job
        job.sent = pooled.contiguous()
        job.received = pooled.new_empty(job.samples * sum(job.widths))
        job.request = dist.all_to_all_single(
            job.received, job.sent.view(-1), [job.samples * width for width in job.widths],
            [count * job.widths[job.rank] for count in job.parts], async_op=True)
        return job.received

    @staticmethod
    def backward(ctx, gradient):
        job = ctx.job
        job.request.wait()
        return None, job.returned.view(sum(job.parts), -1)


class Arrive(torch.autograd.Function):
    """Waits for it; backward, starts the all-to-all of gradients, which Exchange waits for."""

    @staticmethod
    def forward(ctx, job, received):
        ctx.job = job
        job.request.wait()
        return torch.cat([part.view(job.samples, -1)
                          for part in received.split([job.samples * width for width in job.widths])], dim=1)

    @staticmethod
    def backward(ctx, gradient):
        job = ctx.job
        job.sent = torch.cat([part.reshape(-1) for part in gradient.split(job.widths, dim=1)])
        job.returned = gradient.new_empty(sum(job.parts) * job.widths[job.rank])
        job.request = dist.all_to_all_single(
            job.returned, job.sent, [count * job.widths[job.rank] for count in job.parts],
            [job.samples * width for width in job.widths], async_op=True)
        return None, job.sent


class Rank:
    """One process's part: some tables, for all samples; the towers, for some samples."""

    def __init__(self, rank, ranks, preset, batch):
        rows, dimension, bag, bottom, top = PRESETS[preset]
        self.rank = rank
        share, rest = divmod(len(rows), ranks)
        tables = [share + (i < rest) for i in range(ranks)]
        first = sum(tables[:rank])
        own = rows[first:first + tables[rank]]
        self.widths = [count * dimension for count in tables]
        self.parts = [batch * (i + 1) // ranks - batch * i // ranks for i in range(ranks)]
        self.samples = self.parts[rank]
        features = len(rows) + 1
        torch.manual_seed(1)
        self.tables = [nn.EmbeddingBag(n, dimension, mode='sum', sparse=True) for n in own]
        self.bottom = DistributedDataParallel(tower(bottom, nn.ReLU()))
        self.top = DistributedDataParallel(tower([dimension + features * (features - 1) // 2] + top, nn.Sigmoid()))
        self.pairs = torch.tril_indices(features, features, offset=-1)
        self.features = (features, dimension)
        parameters = [p for table in self.tables for p in table.parameters()]
        parameters += list(self.bottom.parameters()) + list(self.top.parameters())
        self.optimizer = torch.optim.SGD(parameters, lr=0.01)
        self.loss = nn.BCELoss()
        offsets = torch.arange(0, batch * bag, bag)
        self.batches = [
            (torch.rand(self.samples, bottom[0]),
             [(torch.randint(0, n, (batch * bag,)), offsets) for n in own],
             torch.randint(0, 2, (self.samples, 1)).float())
            for _ in range(min(max(8192 // batch, 4), 64))
        ]
        self.next = 0

    def step(self):
        self.next += 1
        dense, lookups, labels = self.batches[self.next % len(self.batches)]
        self.optimizer.zero_grad(set_to_none=True)
        pooled = torch.cat([table(indices, offsets) for table, (indices, offsets) in zip(self.tables, lookups)], dim=1)
        received = Exchange.apply(self, pooled)
        x = self.bottom(dense)
        vectors = Arrive.apply(self, received)
        stacked = torch.cat([x, vectors], dim=1).view(self.samples, *self.features)
        products = torch.bmm(stacked, stacked.transpose(1, 2))
        score = self.top(torch.cat([x, products[:, self.pairs[0], self.pairs[1]]], dim=1))
        self.loss(score, labels).backward()
        self.optimizer.step()


def serve(rank, options, orders, answers):
    """A rank: takes a number of steps from the queue, 0 for the end; rank 0 answers with their times."""
    torch.set_num_threads(options.threads)
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(options.port))
    dist.init_process_group('gloo', rank=rank, world_size=options.ranks)
    model = Rank(rank, options.ranks, options.preset, options.batch)
    while True:
        count = orders.get()
        if count == 0:
            return
        times = []
        for _ in range(count):
            dist.barrier()
            start = time.perf_counter()
            model.step()
            times.append(1e3 * (time.perf_counter() - start))
        if rank == 0:
            answers.put(times)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--preset', default='kaggle', choices=sorted(PRESETS))
    parser.add_argument('--batch', type=int, default=2048)
    parser.add_argument('--ranks', type=int, default=2)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--seconds', type=float, default=2)
    parser.add_argument('--port', type=int, default=29533)
    options = parser.parse_args()
    tool = os.environ.get('DLRM_TOOL', str(pathlib.Path(__file__).resolve().parents[2] / 'dlrm'))
    context = processes.get_context('spawn')
    orders = [context.Queue() for _ in range(options.ranks)]
    answers = context.Queue()
    ranks = [context.Process(target=serve, args=(i, options, orders[i], answers), daemon=True) for i in range(options.ranks)]
    for process in ranks:
        process.start()

    def torch_steps(count):
        for queue in orders:
            queue.put(count)
        return answers.get(timeout=600)

    warm = torch_steps(5)
    count = max(5, int(options.seconds * 1e3 / statistics.median(warm)))
    theirs, ours = [], []
    for turn in range(options.rounds):
        time.sleep(SETTLE)
        times = torch_steps(count)[1:]
        theirs.append((statistics.median(times), min(times)))
        time.sleep(SETTLE)
        line = subprocess.run(
            [tool, 'bench', '--preset=' + options.preset, '--mini-batch-size=%d' % options.batch, '--ranks=%d' % options.ranks,
             '--num-threads=%d' % options.threads, '--iters=%d' % count, '--format=json'],
            stdout=subprocess.PIPE, check=True, text=True).stdout
        result = json.loads(line[line.index('{'):])
        ours.append((result['step_ms'], result['best_step_ms']))
        print('round %d: torch %.1f ms (fastest %.1f), ours %.1f ms (fastest %.1f)' % ((turn + 1,) + theirs[-1] + ours[-1]),
              file=sys.stderr)
    for queue in orders:
        queue.put(0)
    medians = [statistics.median(side[0] for side in sides) for sides in (theirs, ours)]
    best = [min(side[1] for side in sides) for sides in (theirs, ours)]
    print('%s, batch %d, %d ranks x %d threads; %d rounds in turns' % (
        options.preset, options.batch, options.ranks, options.threads, options.rounds))
    print('%-28s%10s%10s%8s' % ('', 'torch', 'ours', 'ratio'))
    print('%-28s%10.2f%10.2f%8.2f' % ('median step, ms', *medians, statistics.median(t[0] / o[0] for t, o in zip(theirs, ours))))
    print('%-28s%10.2f%10.2f%8.2f' % ('fastest step, ms', *best, best[0] / best[1]))


if __name__ == '__main__':
    main()
