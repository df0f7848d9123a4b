"""The maths, written once: one record per activation, loss, optimizer, initializer, regularizer, schedule.

Menus, validation, kernels, exports and tests all read these registries. Functions marked *scalar* follow
the rules of `core.maths.scalar`, so that every backend can compile them.
"""
