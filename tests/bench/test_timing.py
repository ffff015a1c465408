import time

from bench.timing import interleaved, timed


def test_sides_take_turns_and_their_medians_are_returned():
    asked = []

    def side(name, seconds):
        def call(place):
            asked.append((name, place))
            return seconds[place]

        return call

    medians = interleaved({"a": side("a", [1.0, 9.0, 2.0]), "b": side("b", [5.0, 4.0, 6.0])}, 3)
    assert asked == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2), ("b", 2)]
    assert medians == {"a": 2.0, "b": 5.0}


def test_waiting_is_not_work():
    assert timed(lambda: time.sleep(0.2)) < 0.1
