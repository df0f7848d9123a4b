"""The panels under the live view: one file each, and only the open one computes."""
