#!/usr/bin/env python3
"""Writes units-traces.json beside this script: the trace part of golden units.json. Usage: pack_units.py UNITS.JSON"""
import json, os, sys

units = json.load(open(sys.argv[1]))
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'units-traces.json'), 'w') as out:
    json.dump({'seed': units['seed'], 'trace': units['trace']}, out)
    out.write('\n')
