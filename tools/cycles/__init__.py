"""Renders a `tools.people.scene.Scene` with Blender's Cycles, for pictures that look like a shop's photographs.

`bpy` is GPL and needs numpy below 2, so `stage.py`, `materials.py`, `studio.py` and `blender.py` run in an environment
of their own and meet the rest of the project in files: a scene comes in as .npz, linear light goes out as .npy.
"""
