"""What the benchmark of the node's end-point says."""

from mensa.management.commands.benchmark_soap import _measured


def test_too_few_calls_are_not_called_too_slow() -> None:
    assert _measured([], [0.1] * 9) == "non misurato (0+9 chiamate: troppo poche)"
    assert _measured([0.1] * 9, [0.1]) == "non misurato (9+1 chiamate: troppo poche)"


def test_the_promise_is_a_second_with_the_night_running() -> None:
    assert "100 ms con la notte (1.00x; entro il secondo promesso" in _measured([0.1] * 9, [0.1] * 9)
    assert "OLTRE" in _measured([0.1] * 9, [1.1] * 9)
