"""The course of a training survives its bundle."""

from include.training.course import Course
from include.training.recorder import Update

UPDATES = [Update(64, -0.01, 0.1 + 0.2, 1.6, 0.01, 0.1), Update(128, 0.02, 0.5, 1.5, 0.02, 0.2)]


def test_updates_rewards_and_episodes_are_counted() -> None:
    course = Course(1000, 3e-4, 0.001)
    course.add(UPDATES[0], [1.0, 4.0])
    course.add(UPDATES[1], [])
    assert (course.timestep, course.episodes) == (128, 2)
    assert course.updates == UPDATES
    assert course.rewards == [2.5, None]


def test_a_course_comes_back_from_its_arrays_as_it_was() -> None:
    course = Course(1000, 3e-4, 0.001)
    course.add(UPDATES[0], [0.1, 0.2])
    course.add(UPDATES[1], [])
    course.scores.append((128, 0.1 + 0.2))
    other = Course(1000, 3e-4, 0.001, timestep=128, episodes=2)
    other.fill(course.arrays())
    assert other == course
    assert isinstance(other.updates[0].timestep, int)
    assert isinstance(other.scores[0][0], int)


def test_an_empty_course_comes_back_empty() -> None:
    course = Course(1000, 3e-4, 0.001)
    course.fill(Course(1000, 3e-4, 0.001).arrays())
    assert course == Course(1000, 3e-4, 0.001)


def test_only_a_validated_update_counts_as_validated() -> None:
    course = Course(1000, 3e-4, 0.001)
    course.add(UPDATES[0], [])
    assert not course.is_validated
    course.scores.append((64, 0.5))
    assert course.is_validated
    course.add(UPDATES[1], [])
    assert not course.is_validated
