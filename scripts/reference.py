#!/usr/bin/python3
"""Runs the reference's dlrm_s_pytorch.py where TensorBoard and MLPerf's logging are not installed (they are stubbed).

usage: REFERENCE=folder_of_facebookresearch_dlrm scripts/reference.py [--option=value ...]
"""
import os
import sys
import types


class Anything:
    def __init__(self, *arguments, **named):
        pass

    def __getattr__(self, name):
        return lambda *arguments, **named: None


board = types.ModuleType('torch.utils.tensorboard')
board.SummaryWriter = Anything
sys.modules['torch.utils.tensorboard'] = board
log = types.ModuleType('mlperf_logging')
log.mllog = types.ModuleType('mlperf_logging.mllog')
log.mllog.get_mllogger = Anything
log.mllog.config = lambda **named: None
log.mllog.constants = Anything()
sys.modules['mlperf_logging'] = log
sys.modules['mlperf_logging.mllog'] = log.mllog
sys.path.insert(0, os.environ['REFERENCE'])

import torch

torch.set_num_threads(1)
if '--save-onnx' in sys.argv:  # torch.onnx.export of PyTorch 1.13 has no dynamo=.
    export = torch.onnx.export
    torch.onnx.export = lambda *arguments, dynamo=False, **named: export(*arguments, **named)

import dlrm_s_pytorch

sys.argv[0] = 'dlrm_s_pytorch.py'
dlrm_s_pytorch.run()
