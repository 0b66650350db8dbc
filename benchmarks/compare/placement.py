"""Sizes of the network that both programs run (network.py), and which core holds which neuron in both."""
LAYERS = 16
LAYER_NEURONS = 1280
FAN_OUT = 50
THRESHOLD = 1000
LEAST_CURRENT, MOST_CURRENT = 20, 110
LARGEST_WEIGHT = 127
CORES = 128
MOST_CORE_NEURONS = 256  # a layer's share, and room for the input


def core_of(layer, neuron):
    """Each layer fills cores of its own, in SANA-FE's order: tiles run down the columns of the mesh."""
    return (layer * LAYER_NEURONS + neuron) * CORES // (LAYERS * LAYER_NEURONS)


def core_of_tephra(core, mesh):
    """The same core in tephra's order: tiles run along the rows."""
    tile, within = divmod(core, mesh["cores_per_tile"])
    x, y = divmod(tile, mesh["tiles_y"])
    return (x + y * mesh["tiles_x"]) * mesh["cores_per_tile"] + within


def layer_slices(layer, mesh):
    """[core, begin, end, core, begin, end ...] of a layer, as in tephra's mappings."""
    cores = [core_of(layer, neuron) for neuron in range(LAYER_NEURONS)]
    slices = []
    for core in sorted(set(cores)):
        begin = cores.index(core)
        slices += [core_of_tephra(core, mesh), begin, begin + cores.count(core)]
    return slices


def layer_name(layer):
    return f"layer{layer:02}"
