"""The GPU engine, for networks that fit a block: all mini-batches of a call in one launch.

A block of threads holds a whole network in its shared memory: parameters, the optimizer's slots, a
batch and its activations. It runs hundreds of mini-batches, from the order of the samples to the
rows of history, without returning to the host. A population is many such blocks in one launch,
networks of one shape that learn from the same data; a single trainer's is a population of one.

`maths` makes device functions of the registries, `plan` says where everything lies in a block's
memory, `augment`, `stages`, `normalize`, `moving` and `orthogonal` are what a block's threads do
between two barriers, `kernels` is the order of it, `jit` has it compiled and kept, `population`
keeps the arrays, `launching` launches, `engine` is what a trainer drives and `devices` tells
whether there is a GPU. What fits no block is for `large`. Letters as in `core.engine.kernels`.

Sums are made in an order that no number of threads changes: the same bits, however it was sliced
and whoever else is in the population. It has run in Numba's simulator, and compiles for the
hardware; it has never run on a GPU.
"""
