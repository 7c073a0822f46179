"""What the bench says of a graph, where the answer is known beforehand."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from kickitout.generation.load import load_model
from kickitout.models.files import find_model_file
from kicklab.benches.flops import MatrixProducts, graph_mflop, matmul_peak
from kicklab.benches.generation import DISK, MEMORY, GenerationFigures, Rate, resident_mb
from kicklab.benches.where_time_goes import PRODUCTS, graph_shares

onnx = pytest.importorskip("onnx")


def test_the_arithmetic_of_a_graph_is_that_of_its_matrices_and_convolutions(tmp_path):
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    weights = [
        helper.make_tensor("kernel", floats, [5, 3, 7], [0.0] * 105),
        helper.make_tensor("matrix", floats, [94, 11], [0.0] * 1034),
    ]
    nodes = [
        helper.make_node("Conv", ["x", "kernel"], ["y"]),  # [1, 5, 94]: 94 * 5 * 3 * 7 products
        helper.make_node("MatMul", ["y", "matrix"], ["z"]),  # [1, 5, 11]: 55 * 94 products
        helper.make_node("Relu", ["z"], ["out"]),  # not counted
    ]
    given = helper.make_tensor_value_info("x", floats, ["batch", 3, 100])
    out = helper.make_tensor_value_info("out", floats, ["batch", 5, 11])
    path = tmp_path / "small.onnx"
    onnx.save(helper.make_model(helper.make_graph(nodes, "small", [given], [out], weights)), str(path))
    assert graph_mflop(path) == pytest.approx(2 * (94 * 5 * 3 * 7 + 55 * 94) / 1e6)
    assert math.isnan(graph_mflop(tmp_path / "model.safetensors"))


def test_the_model_in_the_package_asks_for_some_arithmetic_and_the_machine_has_a_peak(tmp_path):
    assert 1 < graph_mflop(find_model_file(Path("default"))) < 1000
    assert matmul_peak(1) > 0.1
    with MatrixProducts(1) as products:
        assert min(products.rate(1)) > 0.1


def test_the_time_of_a_graph_is_shared_out_among_its_kinds_of_nodes():
    shares = graph_shares(find_model_file(Path("default")), load_model().info.noise_size)
    assert sum(shares.values()) == pytest.approx(1)
    assert 0 < min(shares.values()) <= shares[PRODUCTS] < 1
    assert graph_shares(Path("model.safetensors"), 1) == {}


def test_ratios_are_those_within_a_turn():
    """A machine that is half as quick in the second turn changes no ratio."""
    speeds = (1.0, 0.5, 0.8)
    rates = {
        (way, threads): [Rate(threads, speed * per_second, 800 / speed / per_second) for speed in speeds]
        for (way, threads), per_second in {(MEMORY, 1): 400.0, (MEMORY, 2): 760.0, (DISK, 1): 300.0}.items()
    }
    products = {1: [(40.0 * speed, 80.0 * speed) for speed in speeds]}
    found = GenerationFigures(64, (1, 2), rates, products, [], 100.0, 50.0, {}, {})
    assert found.median(MEMORY, 1) == Rate(1, pytest.approx(320.0), pytest.approx(2.5))
    assert found.share_of_a_core == pytest.approx(0.8)
    assert found.of_memory(DISK, 1) == pytest.approx((0.75, 0.75))
    assert found.of_one_thread(MEMORY, 2) == pytest.approx(1.9)
    assert found.of_products(1) == pytest.approx((0.5, 0.3125))  # 20 of 40 GFLOP/s; 25 of 80 a second of a processor


def test_writing_kicks_takes_little_memory():
    assert 20 < resident_mb("default") < 300
