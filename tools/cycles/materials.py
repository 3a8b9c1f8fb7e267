"""Cycles materials for the kinds of surface a scene knows: skin, cloth, leather and shoes, hair, buttons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

# Relief per pattern: (kind of relief, threads or ribs a metre, height in metres). Everything else is a plain weave.
RELIEF: Mapping[str, tuple[str, float, float]] = {
    "knit": ("ribs", 230.0, 0.0012),
    "denim": ("twill", 420.0, 0.0005),
}
WEAVE = ("weave", 700.0, 0.0003)


class Nodes:
    """A material's node tree with the few verbs that the recipes below need."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.surface = self.tree.nodes["Principled BSDF"]

    def add(self, kind: str, inputs: Mapping[str | int, Any] | None = None, **settings: Any) -> Any:
        """A new node; an input that is itself a socket is linked, anything else is its value."""
        node = self.tree.nodes.new(f"ShaderNode{kind}")
        for name, value in settings.items():
            setattr(node, name, value)
        self.set(node, inputs or {})
        return node

    def set(self, node: Any, inputs: Mapping[str | int, Any]) -> None:
        for name, value in inputs.items():
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, node.inputs[name])
            else:
                node.inputs[name].default_value = value

    def math(self, operation: str, *values: Any) -> Any:
        return self.add("Math", dict(enumerate(values)), operation=operation).outputs[0]


def linear(colour: NDArray[Any] | tuple[float, ...]) -> tuple[float, float, float, float]:
    """Display-referred sRGB in 0..1 as linear RGBA."""
    c = np.clip(np.asarray(colour, float), 0, 1)
    rgb = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return float(rgb[0]), float(rgb[1]), float(rgb[2]), 1.0


def image(name: str, texture: NDArray[np.uint8]) -> Any:
    """A Blender image of a texture [h, w, 3], first row on top."""
    height, width = texture.shape[:2]
    picture = bpy.data.images.new(name, width, height, alpha=False)
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., :3] = texture[::-1] / np.float32(255)
    picture.pixels.foreach_set(pixels.ravel())
    return picture


def surface(name: str, material: Mapping[str, Any], texture: NDArray[np.uint8]) -> Any:
    """The material of a mesh whose colour is `texture`."""
    nodes = Nodes(name)
    colour = nodes.add("TexImage", image=image(name, texture)).outputs["Color"]
    nodes.set(nodes.surface, {"Base Color": colour, "Roughness": material["roughness"]})
    kind = material["kind"]
    if kind == "skin":
        _skin(nodes)
    elif kind == "cloth":
        _cloth(nodes, material)
    elif kind in ("shoe", "leather"):
        _leather(nodes)
    elif kind == "button":
        nodes.set(nodes.surface, {"Roughness": 0.3, "Coat Weight": 0.3})
    return nodes.material


def _skin(nodes: Nodes) -> None:
    rest = nodes.add("Attribute", attribute_name="rest").outputs["Vector"]
    pores = nodes.add("TexNoise", {"Vector": rest, "Scale": 900.0, "Detail": 2.0}).outputs[0]
    bump = nodes.add("Bump", {"Height": pores, "Strength": 0.12, "Distance": 0.001})
    nodes.set(
        nodes.surface,
        {
            "Roughness": 0.46,
            "Specular IOR Level": 0.4,
            "Subsurface Weight": 0.14,
            "Subsurface Radius": (1.0, 0.35, 0.2),
            "Subsurface Scale": 0.006,
            "Normal": bump.outputs[0],
        },
    )


def _cloth(nodes: Nodes, material: Mapping[str, Any]) -> None:
    """Threads as relief, small creases as relief, and the soft light of fibres that stand off."""
    relief, frequency, height = RELIEF.get(material["pattern"], WEAVE)
    rest = nodes.add("Attribute", attribute_name="rest").outputs["Vector"]
    x, y, z = nodes.add("SeparateXYZ", {0: rest}).outputs
    around = nodes.math("ADD", x, y)
    turn = 2 * np.pi * frequency
    if relief == "ribs":
        threads = nodes.math("ABSOLUTE", nodes.math("SINE", nodes.math("MULTIPLY", x, turn / 4)))
        rows = nodes.math("SINE", nodes.math("MULTIPLY", z, turn / 2))
        threads = nodes.math("ADD", threads, nodes.math("MULTIPLY", rows, 0.35))
    elif relief == "twill":
        threads = nodes.math("SINE", nodes.math("MULTIPLY", nodes.math("ADD", around, z), turn))
    else:
        warp = nodes.math("SINE", nodes.math("MULTIPLY", around, turn))
        weft = nodes.math("SINE", nodes.math("MULTIPLY", z, turn))
        threads = nodes.math("MULTIPLY", warp, weft)
    fine = nodes.add("Bump", {"Height": threads, "Strength": 0.5, "Distance": height})
    creases = nodes.add("TexNoise", {"Vector": rest, "Scale": 11.0, "Detail": 3.0, "Distortion": 0.9}).outputs[0]
    shape = nodes.add("Bump", {"Height": creases, "Strength": 0.45, "Distance": 0.012, "Normal": fine.outputs[0]})
    smooth = float(np.clip(1 - material["roughness"], 0, 1))
    nodes.set(
        nodes.surface,
        {
            "Specular IOR Level": 0.2 + 0.6 * smooth,
            "Sheen Weight": 0.1 + 0.5 * float(material["sheen"]),
            "Sheen Roughness": 0.5,
            "Normal": shape.outputs[0],
        },
    )


def _leather(nodes: Nodes) -> None:
    rest = nodes.add("Attribute", attribute_name="rest").outputs["Vector"]
    grain = nodes.add("TexVoronoi", {"Vector": rest, "Scale": 500.0}).outputs["Distance"]
    bump = nodes.add("Bump", {"Height": grain, "Strength": 0.15, "Distance": 0.0006})
    nodes.set(nodes.surface, {"Normal": bump.outputs[0], "Coat Weight": 0.15, "Coat Roughness": 0.3})


def hair(name: str, material: Mapping[str, Any]) -> Any:
    """Hair of one colour; the curve attribute `shade` makes every strand a little lighter or darker."""
    nodes = Nodes(name)
    shade = nodes.add("Attribute", attribute_name="shade").outputs["Fac"]
    grey = nodes.add("CombineXYZ", {0: shade, 1: shade, 2: shade}).outputs[0]
    mix = {0: 1.0, 6: linear(material["colours"][0]), 7: grey}
    colour = nodes.add("Mix", mix, data_type="RGBA", blend_type="MULTIPLY").outputs[2]
    fibre = nodes.add("BsdfHairPrincipled", {"Color": colour, "Roughness": 0.32, "Radial Roughness": 0.5, "Coat": 0.2})
    fibre.parametrization = "COLOR"
    nodes.tree.links.new(fibre.outputs[0], nodes.tree.nodes["Material Output"].inputs["Surface"])
    return nodes.material
