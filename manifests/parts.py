"""DensePose's 24 body parts: names, and what a mirror does to them (Güler et al., DensePose, CVPR 2018, section 2)."""

from __future__ import annotations

PART_NAMES = (
    "background",
    "torso back",
    "torso front",
    "right hand",
    "left hand",
    "left foot",
    "right foot",
    "right upper leg back",
    "left upper leg back",
    "right upper leg front",
    "left upper leg front",
    "right lower leg back",
    "left lower leg back",
    "right lower leg front",
    "left lower leg front",
    "left upper arm inner",
    "right upper arm inner",
    "left upper arm outer",
    "right upper arm outer",
    "left lower arm inner",
    "right lower arm inner",
    "left lower arm outer",
    "right lower arm outer",
    "head right",
    "head left",
)
"""Index = the part number in every label; left and right are the person's own."""

FLIP = (0, 1, 2, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15, 18, 17, 20, 19, 22, 21, 24, 23)
"""Part number after a horizontal mirror: `FLIP[part]`. Its own inverse."""

COARSE_OF_FINE = (0, 1, 1, 2, 3, 4, 5, 6, 7, 6, 7, 8, 9, 8, 9, 10, 11, 10, 11, 12, 13, 12, 13, 14, 14)
"""The 15 coarse parts (torso, hands, feet, upper and lower legs and arms, head) by fine part number."""

FRONT_TORSO, BACK_TORSO = 2, 1
HEAD = (23, 24)
FEET = (5, 6)
