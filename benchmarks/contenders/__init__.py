"""Who is timed: one module a contender, each with `LABEL`, `NEEDS` and `prepare`.

    prepare(workload, optimizer, rate) -> (train, loss)

train(epochs): run so many whole passes on from where it stands, and wait for the last one.
loss(): the mean loss over all samples, in double.
NEEDS: the package that must be installed, or a function that says whether all is there.
peak_memory(): MiB, where another process than the contender's own does the work.
"""

MODULES = (
    *("ours", "numpy_by_hand", "scikit_learn", "jax_scan", "torch_eager", "torch_compiled"),
    *("convnetjs", "tensorflow_playground"),
)
