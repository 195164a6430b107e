"""The peer: PyTorch behind Python's own threading HTTP server, taking the same binary requests.

usage: torch_server.py MODEL_FOLDER PORT
"""
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import torch
from torch import nn


def tensors(folder):
    """The tensors of a model folder by name."""
    with open(os.path.join(folder, 'model.safetensors'), 'rb') as file:
        head = json.loads(file.read(int.from_bytes(file.read(8), 'little')))
        start = file.tell()
        values = {}
        for name, about in head.items():
            if name != '__metadata__':
                begin, end = about['data_offsets']
                file.seek(start + begin)
                values[name] = torch.from_numpy(np.frombuffer(bytearray(file.read(end - begin)), '<f4').reshape(about['shape']))
        return values


class Dlrm(nn.Module):
    """Tables, towers and the dot interaction in PyTorch's own layers."""

    def __init__(self, folder):
        super().__init__()
        values = tensors(folder)
        count = sum(name.startswith('emb_l.') for name in values)
        self.tables = nn.ModuleList(nn.EmbeddingBag.from_pretrained(values[f'emb_l.{t}.weight'], mode='sum') for t in range(count))
        self.bottom = self.tower(values, 'bot_l', nn.ReLU())
        self.top = self.tower(values, 'top_l', nn.Sigmoid())
        self.pairs = torch.tril_indices(count + 1, count + 1, offset=-1)

    @staticmethod
    def tower(values, prefix, last):
        layers = []
        while f'{prefix}.{len(layers)}.weight' in values:
            weight = values[f'{prefix}.{len(layers)}.weight']
            layer = nn.Linear(weight.shape[1], weight.shape[0])
            layer.weight.data.copy_(weight)
            layer.bias.data.copy_(values[f'{prefix}.{len(layers)}.bias'])
            layers += [layer, nn.ReLU()]
        return nn.Sequential(*layers[:-1], last)

    def forward(self, dense, sparse):
        x = self.bottom(dense)
        offsets = torch.arange(dense.shape[0])
        pooled = [table(sparse[:, t].contiguous(), offsets) for t, table in enumerate(self.tables)]
        stacked = torch.stack([x] + pooled, dim=1)
        products = torch.bmm(stacked, stacked.transpose(1, 2))
        return self.top(torch.cat([x, products[:, self.pairs[0], self.pairs[1]]], dim=1))


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True
    wbufsize = -1
    model = None

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        length = int(self.headers['Inference-Header-Content-Length'])
        dense, sparse = json.loads(body[:length])['inputs']
        middle = length + dense['parameters']['binary_data_size']
        with torch.no_grad():
            scores = self.model(
                torch.from_numpy(np.frombuffer(bytearray(body[length:middle]), '<f4').reshape(dense['shape'])),
                torch.from_numpy(np.frombuffer(bytearray(body[middle:]), '<i8').reshape(sparse['shape'])))
        data = scores.numpy().tobytes()
        head = json.dumps({'model_name': 'kaggle', 'outputs': [{
            'name': 'score', 'datatype': 'FP32', 'shape': [len(scores)], 'parameters': {'binary_data_size': len(data)}}]}).encode()
        self.send_response(200)
        self.send_header('Inference-Header-Content-Length', str(len(head)))
        self.send_header('Content-Length', str(len(head) + len(data)))
        self.end_headers()
        self.wfile.write(head + data)
        self.wfile.flush()

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True


if __name__ == '__main__':
    torch.set_num_threads(1)
    Handler.model = Dlrm(sys.argv[1]).eval()
    Server(('127.0.0.1', int(sys.argv[2])), Handler).serve_forever()
