"""Who runs the processes of a graph, and the channels between them."""

from dataclasses import dataclass

from lava.magma.core.model.py.model import AbstractPyProcessModel
from lava.magma.core.process.ports.ports import InPort, OutPort, create_port_id

from ._channels import Channel, RecvPort, SendPort, VarLink
from ._errors import ProcessError, error, process_name
from ._python import PythonProcess


@dataclass(frozen=True)
class Placement:
    """Where a process runs. where: "engine"; "runtime": a source, sink or monitor that tephra itself stands for;
    "python": its own model, in this process. reason: why not in the engine."""

    process: object
    where: str
    reason: str = ""


class Wiring:
    """Makes the processes that run in Python, joins all by channels, and builds the engine's side."""

    def __init__(self, graph, engine, exchange, channel_size):
        self._exchange = exchange
        self.vars = {}  # id of a Var -> (the Var, who has it)
        self.to_script = []  # channels that the user's script reads
        self.python = {}  # process -> PythonProcess
        done = {}
        if engine is not None:
            done = {**engine.processes, **(engine.io.owners if engine.io.fits else {})}
        for process, model in graph.models.items():
            if process not in done:
                if not issubclass(model, AbstractPyProcessModel):
                    raise error(
                        f"the run configuration chooses {model.__name__}, which is no model in Python",
                        process_name(process),
                        "choose another by the run configuration's exception_proc_model_map or select_tag",
                        kind=ProcessError,
                    )
                self.python[process] = PythonProcess(process, model, self._exchange, channel_size)
        owners = {**done, **self.python}
        self.placements = [
            self._placement(process, model, engine, graph.rejected) for process, model in graph.models.items()
        ]
        for process, owner in owners.items():
            for var in process.vars:
                self.vars[var.id] = (var, owner)
        for edge in graph.edges:
            self._connect(edge, owners, channel_size)
        for process, owner in self.python.items():
            self._connect_outside(process, owner)
            for port in process.ref_ports:
                self._connect_ref(port, owner, owners)
        for owner in self.python.values():
            owner.build()
        if engine is not None:
            engine.build(exchange, alone=engine.io.fits)

    def _placement(self, process, model, engine, rejected):
        if engine is not None and process in engine.processes:
            return Placement(process, "engine")
        if process not in self.python:
            return Placement(process, "runtime")
        reason = rejected.get(process, f"the engine has no model {model.__name__}")
        return Placement(process, "python", reason)

    def _connect(self, edge, owners, channel_size):
        source, target = owners[edge.source.process], owners[edge.target.process]
        if edge.source.process not in self.python and edge.target.process not in self.python:
            return
        channel = Channel(self._exchange, edge.source.shape, source.dtype(edge.source), channel_size)
        send = SendPort(edge.source.name, channel, source.who, target.who)
        receive = RecvPort(edge.target.name, channel, target.who, source.who)
        source.add_port(edge.source.name, send, None)
        target.add_port(edge.target.name, receive, create_port_id(edge.source.process.id, edge.source.name))

    def _connect_outside(self, process, owner):
        for port in list(process.in_ports.members) + list(process.out_ports.members):
            if not port.external_pipe_flag:
                continue
            channel = Channel(
                self._exchange, port.shape, owner.dtype(port), port.external_pipe_buffer_size, outside=True
            )
            if isinstance(port, InPort):
                owner.add_port(port.name, RecvPort(port.name, channel, owner.who, "the script"), None)
                port.external_pipe_csp_send_port = SendPort("src", channel, None, owner.who)
            elif isinstance(port, OutPort):
                self.to_script.append(channel)
                owner.add_port(port.name, SendPort(port.name, channel, owner.who, "the script"), None)
                port.external_pipe_csp_recv_port = RecvPort("dst", channel, None, owner.who)

    def _connect_ref(self, port, owner, owners):
        for target in port.get_dst_ports():
            var, remote = target.var, owners.get(target.var.process)
            if remote is None:
                continue
            transforms = target.get_incoming_transform_funcs().get(create_port_id(port.process.id, port.name), [])

            def transform(value, steps=transforms):
                for step in steps:
                    value = step(value)
                return value

            link = VarLink(
                self._exchange, owner.who, port.shape, owner.dtype(port), remote, var.name, transform
            )
            send, receive = link.ports(port.name)
            owner.add_port(port.name, send, None)
            owner.add_port(port.name, receive, create_port_id(target.process.id, target.name))
