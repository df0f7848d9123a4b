"""The GPU engine for networks that fit no block: one mini-batch at a time, all of the GPU for it.

Parameters, slots, samples, orders, activations and the counters that say which step it is stay in
the GPU's memory. Products are cuBLAS's; what lies between them are kernels made of the same stages
as the block engine's, shared out over a whole grid. No kernel is told which step it is: `begin`
moves the counters, all others read them there. So the calls of a mini-batch can be captured once
as a CUDA graph and launched again and again, with nothing for the host to do but to launch it.

`arrays` says what lies in the GPU's memory, `plan` and `rest` how much of it; `forward`, `outputs`,
`backward`, `normalizing`, `update` and `muon` are what a grid does between two products, `products`
multiplies, `steps` and `moves` put a mini-batch together of `calls`, `judging` an evaluation,
`machine` is the GPU (or, in Numba's simulator, what stands for it), `graphs` captures, `loaded`
launches and `network` runs it all. Letters and layout as in `core.engine.kernels`: every matrix has
a row for each unit, a column for each sample.

Sums are made in an order that no number of threads changes, and cuBLAS gives the same bits again
on the same GPU: the same bits, however it was sliced. The kernels have run in Numba's simulator
and compile for the hardware. cuBLAS, capture and launch of graphs have never run: there was no GPU.
"""
