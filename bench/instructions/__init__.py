"""How many instructions a call costs: the whole of it in one process, without a kernel, counted by callgrind.

Every case runs twice, once for longer; the difference divided by what was done between has no start in it, and
repeats to a fraction of a per cent whatever else the machine does. The figures are kept in `../instructions.json`.
"""
