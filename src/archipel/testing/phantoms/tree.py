"""Branching trees of vessels or airways that fill a region, thinner at each branching."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archipel.testing.phantoms.shapes import Grid, Point, Volume, capsule, weight

MURRAY_EXPONENT = 2.7  # radius of a parent against its children (Murray 1926, lung measured 2.3-3)


@dataclass(frozen=True, slots=True)
class Branch:
    """One straight piece: ends and radii in mm."""

    start: Point
    end: Point
    radii: tuple[float, float]


def grow(
    root: Point,
    targets: NDArray[np.float64],
    *,
    leaf_radius_mm: float,
    root_radius_mm: float,
    rng: np.random.Generator,
) -> list[Branch]:
    """Grow a tree from `root` that reaches each of `targets` (n, 3), nearest first.

    Each target is joined to the node that makes the least detour from the root, by a slightly
    bent path; radii follow from the number of leaves behind each node.
    """
    nodes = [np.asarray(root, float)]
    depth = [0.0]
    parent = [-1]
    order = np.argsort(np.linalg.norm(targets - nodes[0], axis=1))
    for target in targets[order]:
        known = np.asarray(nodes)
        reach = np.linalg.norm(known - target, axis=1)
        joint = int(np.argmin(reach + 0.35 * np.asarray(depth)))
        pieces = max(2, int(reach[joint] / 9))
        step = (target - known[joint]) / pieces
        last = joint
        for i in range(1, pieces + 1):
            wobble = rng.normal(0, 0.13 * float(np.linalg.norm(step)), 3) if i < pieces else 0.0
            point = known[joint] + step * i + wobble
            depth.append(depth[last] + float(np.linalg.norm(point - nodes[last])))
            nodes.append(point)
            parent.append(last)
            last = len(nodes) - 1
    return _branches(nodes, parent, leaf_radius_mm, root_radius_mm)


def _branches(
    nodes: Sequence[NDArray[np.float64]], parent: Sequence[int], leaf_mm: float, root_mm: float
) -> list[Branch]:
    leaves = np.zeros(len(nodes))
    leaves[list(set(range(len(nodes))) - set(parent))] = 1
    for i in range(len(nodes) - 1, 0, -1):
        leaves[parent[i]] += leaves[i]
    radius = np.minimum(leaf_mm * np.maximum(leaves, 1) ** (1 / MURRAY_EXPONENT), root_mm)
    return [
        Branch(_point(nodes[p]), _point(nodes[i]), (float(radius[p]), float(radius[i])))
        for i, p in enumerate(parent)
        if p >= 0
    ]


def _point(values: NDArray[np.float64]) -> Point:
    return float(values[0]), float(values[1]), float(values[2])


def draw(
    volume: Volume,
    grid: Grid,
    branches: Sequence[Branch],
    value: float,
    *,
    within: Callable[[Grid], Volume] | None = None,
    grow_mm: float = 0.0,
) -> None:
    """Paint each branch where it lies; `within` limits them to a shape."""
    edge_mm = 0.9
    for branch in branches:
        reach = max(branch.radii) + grow_mm + edge_mm
        low = tuple(min(a, b) - reach for a, b in zip(branch.start, branch.end, strict=True))
        high = tuple(max(a, b) + reach for a, b in zip(branch.start, branch.end, strict=True))
        where = grid.box((low[0], low[1], low[2]), (high[0], high[1], high[2]))
        part = grid.part(where)
        if 0 in part.shape:
            continue
        radii = (branch.radii[0] + grow_mm, branch.radii[1] + grow_mm)
        inside = weight(capsule(part, branch.start, branch.end, radii), edge_mm)
        if within is not None:
            inside = inside * weight(within(part), edge_mm)
        target = volume[where]
        np.maximum(target, target + inside * (value - target), out=target)
