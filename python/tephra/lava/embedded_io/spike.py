"""Adapters between processes in Python and neurocores: they pass messages on within the step, as on the board.

A process whose messages are compressed (lava.proc.io.encoder.Compression) is understood by the adapter behind it.
"""

import numpy as np
from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.io.encoder import Compression


class _Adapter(AbstractProcess):
    """shape: of the messages. num_message_bits: 0: any; else a message must fit them, with its sign. spike_exp:
    messages are multiplied by 2**spike_exp. compression: how messages come in."""

    def __init__(self, shape, num_message_bits=0, spike_exp=0, compression=Compression.DENSE, **keywords):
        super().__init__(
            shape=shape, num_message_bits=num_message_bits, spike_exp=spike_exp, compression=compression, **keywords
        )
        self.inp, self.out = InPort(shape=shape), OutPort(shape=shape)


class PyToNxAdapter(_Adapter):
    """From a process in Python to neurocores."""


class PyToN3ConvAdapter(_Adapter):
    """From a process in Python to a convolution."""


class NxToPyAdapter(_Adapter):
    """From neurocores to a process in Python."""


class _EitherPort(PyInPort.VEC_DENSE):
    """Receives dense messages by recv(), pairs of (data, index) by recv_pair()."""

    recv_pair = PyInPort.VEC_SPARSE.recv


def _bytes(words):
    return np.asarray(words).astype("<i4").view(np.uint8).astype(np.int64)


def _signed(values):
    return np.where(values > 127, values - 256, values)


def _unpack_4(data, index, size):
    """Four values of 8 bits in a word; words lie in data and index by turns."""
    values = _signed(_bytes(np.stack([data, index], axis=-1).reshape(-1)))[:size]
    return np.pad(values, (0, size - values.size))


def _unpack_delta_8(data, index, size):
    """Values of 8 bits, each with the distance to the one before; an index of 255 skips 255 x its value."""
    values, distance = _bytes(data), _bytes(index)
    skips = distance == 0xFF
    at = np.cumsum(np.where(skips, 0xFF * values, distance + (np.arange(values.size) > 0)))
    kept = ~skips & (values != 0)
    out = np.zeros(size, np.int64)
    out[at[kept]] = _signed(values[kept])
    return out


def _scatter(data, index, size):
    out = np.zeros(size, np.int64)
    out[index] = data
    return out


_decoders = {
    Compression.SPARSE: _scatter,
    Compression.PACKED_4: _unpack_4,
    Compression.DELTA_SPARSE_8: _unpack_delta_8,
}


class _AdapterModel(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(_EitherPort, np.int32)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def run_spk(self):
        shape, bits = self.proc_params["shape"], self.proc_params["num_message_bits"]
        decode = _decoders.get(self.proc_params["compression"])
        if decode is None:
            values = self.inp.recv()
        else:
            values = decode(*self.inp.recv_pair(), int(np.prod(shape))).reshape(shape)
        values = np.asarray(values, np.int64) << self.proc_params["spike_exp"]
        if bits > 0 and values.size and max(values.max(), -1 - values.min()) >> (bits - 1):
            raise ValueError(f"a message from {values.min()} to {values.max()} does not fit num_message_bits={bits}")
        self.out.send(values)


@implements(proc=PyToNxAdapter, protocol=LoihiProtocol)
@requires(CPU)
class PyToNxModel(_AdapterModel):
    pass


@implements(proc=PyToN3ConvAdapter, protocol=LoihiProtocol)
@requires(CPU)
class PyToN3ConvModel(_AdapterModel):
    pass


@implements(proc=NxToPyAdapter, protocol=LoihiProtocol)
@requires(CPU)
class NxToPyModel(_AdapterModel):
    pass
