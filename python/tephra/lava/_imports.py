"""Makes `import lava` work on Python 3.11 and newer, and lava-dl's NetX reader without torch.

The installed files stay as they are: three modules are changed while they are read.
* lava/magma/compiler/var_model.py has dataclass fields with instances as defaults, which Python 3.11 refuses.
* lava/lib/dl/netx/hdf5.py takes one small function from lava.lib.dl.slayer, which imports torch.
* lava/lib/dl/netx/sequential_modules.py is made of torch modules; without torch it is empty.
Where Intel's package is not installed, lava.proc.embedded_io is the folder embedded_io beside this file.
"""

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import math
import pathlib
import sys

_embedded_io = pathlib.Path(__file__).parent / "embedded_io"


def resonator_parameters(device, scale=1 << 6, p_scale=1 << 12):
    """Threshold, period and decay of a resonate-and-fire neuron, from its constants in a NetX file.

    device: mapping with sinDecay and cosDecay (in 1 / p_scale) and vThMant (in 1 / scale). The decay is
    1 - |(cos, sin)|, the period 2 pi over the angle of (cos, sin), in steps.
    """
    sine, cosine = device["sinDecay"] / p_scale, device["cosDecay"] / p_scale
    return {
        "threshold": device["vThMant"] / scale,
        "period": 1 / (math.atan2(sine, cosine) / 2 / math.pi),
        "decay": 1 - math.sqrt(sine**2 + cosine**2),
    }


class _DefaultsByFactory(ast.NodeTransformer):
    """`x: T = T()` in the body of a dataclass becomes `x: T = field(default_factory=lambda: T())`."""

    def visit_ClassDef(self, node):
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.value, ast.Call):
                made = ast.Lambda(
                    args=ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[]),
                    body=statement.value,
                )
                statement.value = ast.Call(
                    func=ast.Attribute(
                        value=ast.Call(
                            func=ast.Name(id="__import__", ctx=ast.Load()),
                            args=[ast.Constant(value="dataclasses")],
                            keywords=[],
                        ),
                        attr="field",
                        ctx=ast.Load(),
                    ),
                    args=[],
                    keywords=[ast.keyword(arg="default_factory", value=made)],
                )
        return node


class _ResonatorWithoutTorch(ast.NodeTransformer):
    def visit_ImportFrom(self, node):
        if node.module == "lava.lib.dl.slayer.neuron.rf":
            return ast.ImportFrom(
                module=__name__,
                names=[ast.alias(name="resonator_parameters", asname=node.names[0].asname)],
                level=0,
            )
        return node


_without_torch = """
def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    raise ImportError(f"lava.lib.dl.netx.sequential_modules.{name} needs torch: pip install torch")
"""


class _NeedsTorch(ast.NodeTransformer):
    """A module without torch: whoever asks for anything in it is told so."""

    def visit_Module(self, node):
        return ast.parse(_without_torch)


def _torch_is_there():
    return "torch" in sys.modules or importlib.util.find_spec("torch") is not None


def _changes(name):
    """What is changed in a module; None: nothing."""
    if name == "lava.magma.compiler.var_model":
        return _DefaultsByFactory()
    if name == "lava.lib.dl.netx.hdf5" and not _torch_is_there():
        return _ResonatorWithoutTorch()
    if name == "lava.lib.dl.netx.sequential_modules" and not _torch_is_there():
        return _NeedsTorch()
    return None


class _Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname):
        tree = ast.parse(self.get_data(self.path), self.path)
        tree = ast.fix_missing_locations(_changes(fullname).visit(tree))
        return compile(tree, self.path, "exec")


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        if fullname == "lava.proc.embedded_io":
            return importlib.machinery.PathFinder.find_spec(fullname, path) or importlib.util.spec_from_file_location(
                fullname, _embedded_io / "__init__.py", submodule_search_locations=[str(_embedded_io)]
            )
        if not fullname.startswith("lava.") or _changes(fullname) is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is None or spec.origin is None:
            return spec
        return importlib.util.spec_from_file_location(
            fullname,
            spec.origin,
            loader=_Loader(fullname, spec.origin),
            submodule_search_locations=spec.submodule_search_locations,
        )


def install():
    """Takes effect for modules that are imported later; a second call does nothing."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
