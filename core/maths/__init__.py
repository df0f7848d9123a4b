"""The maths, written once: every activation, loss, optimizer and so on is one record in a registry.

Menus, validation, kernels, exports and tests all read these registries. Scalar functions follow the
rules of `core.maths.scalar`, so that every backend can compile them.
"""
