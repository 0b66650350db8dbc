"""Channels between the processes of one runtime, in memory; they hold copies in the dtype of the sender, as Lava's."""

import threading
from collections import deque

import numpy as np
from lava.magma.compiler.channels.pypychannel import CspRecvPort, CspSendPort
from lava.magma.core.model.py.ports import VarPortCmd
from scipy.sparse import issparse

from ._errors import ProcessError, error

engine_name = "tephra's engine"  # among those who wait for each other


class Stopped(Exception):
    """The runtime ended while a process waited."""


class Exchange:
    """What the threads of one runtime share: one lock, who runs, who waits, and how it all ends."""

    def __init__(self):
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)  # a process has finished a phase, or data came for the engine
        self.active = set()  # names of those who have not finished the phase
        self.failure = None
        self.stopped = False
        self.finds_deadlocks = True
        self._waiting = {}  # name -> (predicate, what it waits for)
        self._conditions = [self.changed]

    def condition(self):
        made = threading.Condition(self.lock)
        self._conditions.append(made)
        return made

    def wait(self, who, condition, ready, what, outside=False):
        """Waits with the lock held until ready(). `outside`: the other side is no process of the runtime."""
        while not ready():
            if self.stopped:
                raise Stopped
            if not outside and who is not None:
                self._waiting[who] = (ready, what)
                self.look_for_deadlock()
            try:
                if self.stopped:
                    raise Stopped
                condition.wait()
            finally:
                self._waiting.pop(who, None)
        if self.stopped and who is not None:  # the script may still read what has arrived
            raise Stopped

    def finish(self, who, settle=None):
        """A process has finished its phase. settle(): what is still to be done before others read its Vars."""
        with self.lock:
            if settle is not None:
                settle()
            self.active.discard(who)
            for condition in self._conditions:
                condition.notify_all()
            self.look_for_deadlock()

    def look_for_deadlock(self):
        """With the lock held: all who have not finished wait for one another."""
        if not self.finds_deadlocks or not self.active or self.failure is not None:
            return
        if any(who not in self._waiting for who in self.active):
            return
        if any(self._waiting[who][0]() for who in self.active):
            return
        waits = "; ".join(f"{who} waits for {self._waiting[who][1]}" for who in sorted(self.active))
        self.fail(
            error(
                f"processes wait for each other: {waits}",
                "step of a Lava program",
                "a loop needs a connection process (Dense, Sparse, Conv), which sends before it receives",
                kind=ProcessError,
            )
        )

    def fail(self, failure):
        """With the lock held: ends all waiting."""
        if self.failure is None:
            self.failure = failure
        self.end()

    def end(self):
        self.stopped = True
        for condition in self._conditions:
            condition.notify_all()


class _Sizes:
    """What Lava's Injector and Extractor look at: queue sizes."""

    def __init__(self, channel):
        self._channel = channel

    def qsize(self):
        return len(self._channel.items)


class Channel:
    """A queue of arrays of one shape and dtype. `outside`: one end is the user's script, which may come late."""

    def __init__(self, exchange, shape, dtype, size, outside=False):
        self.exchange, self.shape, self.dtype, self.size = exchange, tuple(shape), dtype, size
        self.outside = outside
        self.items = deque()
        self.came, self.went = exchange.condition(), exchange.condition()

    def put(self, data, who, what):
        if data.shape != self.shape:
            raise AssertionError(f"{data.shape=} self._shape={self.shape} Mismatch")
        item = np.empty(self.shape, self.dtype)
        item[...] = data.toarray() if issparse(data) else data
        with self.exchange.lock:
            self.exchange.wait(who, self.went, lambda: len(self.items) < self.size, what, self.outside)
            self.items.append(item)
            self.came.notify_all()
            self.exchange.changed.notify_all()

    def get(self, who, what, keep=False):
        with self.exchange.lock:
            self.exchange.wait(who, self.came, lambda: self.items, what, self.outside)
            if keep:
                return self.items[0].copy()
            self.went.notify_all()
            return self.items.popleft()


class _InMemory:
    """What the ports of one process have in common: there is nothing to start or to join."""

    def __init__(self, name, shape, dtype):
        self._name, self._shape, self._dtype = name, shape, dtype
        self.observer = None

    def start(self):
        pass

    def join(self):
        pass

    def probe(self):
        return True


class _ChannelPort(_InMemory):
    """`who`: the process at this end; None: the user's script. `peer`: what is at the other end."""

    def __init__(self, name, channel, who, peer):
        super().__init__(name, channel.shape, channel.dtype)
        self._size = channel.size
        self._channel, self._who, self._peer = channel, who, peer


class SendPort(_ChannelPort, CspSendPort):
    def probe(self):
        return len(self._channel.items) < self._channel.size

    def send(self, data):
        self._channel.put(data, self._who, f"{self._peer} to receive")


class RecvPort(_ChannelPort, CspRecvPort):
    def __init__(self, name, channel, who, peer):
        super().__init__(name, channel, who, peer)
        self._queue = _Sizes(channel)

    def probe(self):
        return bool(self._channel.items)

    def peek(self):
        return self._channel.get(self._who, self._peer, keep=True)

    def recv(self):
        return self._channel.get(self._who, self._peer)


class VarLink:
    """Both ends of a RefPort: reads and writes a Var of another process once that process has finished its phase.

    read(): the value; write(value). Writes are done in order, before the next read.
    """

    def __init__(self, exchange, who, shape, dtype, owner, name, transform):
        self._exchange, self._who, self._owner, self._name = exchange, who, owner, name
        self._shape, self._dtype, self._transform = shape, dtype, transform
        self._writes = False

    def ports(self, name):
        return _VarSend(name, self), _VarReceive(name, self)

    def take(self, data):
        """A message of Lava's protocol: a header that says get or set, after set the value."""
        if self._writes:
            self._writes = False
            value = np.empty(self._shape, self._dtype)
            value[...] = data
            self._owner.write_later(self._name, self._transform(value))
        else:
            self._writes = np.asarray(data).flatten()[0] == VarPortCmd.SET[0]

    def value(self):
        owner = self._owner
        with self._exchange.lock:
            self._exchange.wait(
                self._who, self._exchange.changed, lambda: owner.busy not in self._exchange.active, owner.who
            )
        return np.array(owner.read(self._name))


class _VarPort(_InMemory):
    def __init__(self, name, link):
        super().__init__(name, link._shape, link._dtype)
        self._link = link


class _VarSend(_VarPort, CspSendPort):
    def send(self, data):
        self._link.take(data)


class _VarReceive(_VarPort, CspRecvPort):
    def recv(self):
        return self._link.value()
