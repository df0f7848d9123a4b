"""A row of history: norms of gradients, weights and updates, layer by layer. See `norms`."""

from core.engine.jit import kernel
from core.engine.memory import N_COLUMNS
from core.engine.norms import after_update, before_update, layer_norms, n_blocks
from core.engine.products import AT_0
from core.engine.team import AFTER, BEFORE, shared

RECORD_COST = 8  # of one number, in multiplications

before_together = shared(BEFORE, before_update)
after_together = shared(AFTER, after_update)


@kernel
def record_before(team, table, params, buffers, row):
    """Norms of the gradient into the first group of a row; what the update starts from is kept."""
    n, n_layers, cost = n_blocks(table), table.shape[0], RECORD_COST * params.size
    before_together(team, AT_0, n, cost, table, params, buffers.G, buffers.before, buffers.sums)
    layer_norms(table, buffers.sums, AT_0, row[N_COLUMNS : N_COLUMNS + n_layers])


@kernel
def record_after(team, table, params, buffers, row):
    """The last two groups of a row: weight norms, and norms of the update against them."""
    n, n_layers, cost = n_blocks(table), table.shape[0], RECORD_COST * params.size
    after_together(team, AT_0, n, cost, n, table, params, buffers.before, buffers.sums)
    weights = row[N_COLUMNS + n_layers : N_COLUMNS + 2 * n_layers]
    ratios = row[N_COLUMNS + 2 * n_layers : N_COLUMNS + 3 * n_layers]
    layer_norms(table, buffers.sums, n, weights)
    layer_norms(table, buffers.sums, 2 * n, ratios)
    for layer in range(n_layers):
        ratios[layer] = ratios[layer] / weights[layer] if weights[layer] > 0.0 else 0.0
