"""Short runs for all, longer ones for the best."""

from __future__ import annotations

from mofa.campaign.policy import Policy
from mofa.campaign.settings import PolicySettings
from mofa.campaign.tasks import Outcome, Product, Task, TaskKind

K = TaskKind


def policy(share=0.5, steps=(1000, 5000, 20_000)):
    return Policy(PolicySettings(dynamics_steps=steps, prolong_share=share), seed=1)


def add_mofs(rule, keys):
    products = tuple(Product(key, f"ref-{key}", parts=(f"linker-{key}",)) for key in keys)
    rule.on_result(Task("assemble-x", K.ASSEMBLE), Outcome(True, products))


def run(rule, strain):
    """Validate what is next."""
    task = rule.next(K.VALIDATE)
    rule.on_result(task, Outcome(True, (Product(task.subject, f"md-{task.subject}", score=strain(task)),)))
    return task


def test_one_length_means_no_prolongation():
    for steps in ((), (1000,)):
        rule = policy(steps=steps)
        add_mofs(rule, "a")
        task = run(rule, lambda task: 0.1)
        assert set(task.options) == {"seed"}
        assert rule.next(K.OPTIMIZE).inputs == ("md-a",)


def test_the_best_go_on_while_new_mofs_wait_and_the_others_when_none_does():
    rule = policy(steps=(1000, 5000))
    strains = dict(zip("abcdef", (0.05, 0.2, 0.1, 0.15, 0.3, 0.02), strict=True))
    add_mofs(rule, "abcdef")  # validated from the last on
    seen = [run(rule, lambda task: strains[task.subject]) for _ in range(11)]
    # f and d come through, e does not: of two survivors one may go on, of four two.
    order = [(task.subject, task.options["rung"]) for task in seen]
    assert order[:4] == [("f", 0), ("e", 0), ("d", 0), ("f", 1)]
    assert {subject for subject, rung in order if rung} == {"a", "b", "c", "d", "f"}
    assert order.index(("b", 1)) > order.index(("a", 0)), "the worst only when nothing else is left"
    assert rule.choose(K.VALIDATE) is None
    assert [rule.next(K.OPTIMIZE).subject for _ in range(5)] == ["f", "a", "c", "d", "b"]


def test_the_prescreen_has_a_say_in_which_run_is_prolonged():
    for expected, first in ((0.1, "a"), (0.5, "b")):
        rule = policy(share=0.5, steps=(1000, 5000))
        mofs = (Product("a", "ref-a", score=expected), Product("b", "ref-b", score=0.1))
        rule.on_result(Task("assemble-x", K.ASSEMBLE), Outcome(True, mofs))
        for _ in "ab":
            run(rule, lambda task: {"a": 0.05, "b": 0.06}[task.subject])
        assert rule.next(K.VALIDATE).subject == first


def test_a_prolongation_is_the_same_run_with_more_steps():
    rule = policy(share=1.0)
    add_mofs(rule, "a")
    first, second, third = (run(rule, lambda task: 0.1) for _ in range(3))
    assert first.inputs == second.inputs == third.inputs == ("ref-a", "linker-a")
    assert first.options["seed"] == second.options["seed"] == third.options["seed"]
    assert [task.options["steps"] for task in (first, second, third)] == [1000, 5000, 20_000]
    assert [task.options["after_steps"] for task in (first, second, third)] == [0, 1000, 5000]
    assert [task.options["keep_below"] for task in (first, second, third)] == [0.25, 0.25, 0.0]
    assert rule.next(K.OPTIMIZE).inputs == ("md-a",)


def test_what_fails_a_longer_run_goes_no_further():
    rule = policy(share=1.0)
    add_mofs(rule, "a")
    run(rule, lambda task: 0.1)
    assert rule.choose(K.OPTIMIZE) is None, "nothing is accepted before the longest run"
    run(rule, lambda task: 0.4)
    assert rule.choose(K.VALIDATE) is None
    assert rule.choose(K.OPTIMIZE) is None


def test_a_crash_ends_it_too():
    rule = policy(share=1.0)
    add_mofs(rule, "a")
    run(rule, lambda task: 0.1)
    rule.on_result(rule.next(K.VALIDATE), Outcome(ok=False))
    assert rule.choose(K.VALIDATE) is None


def test_a_run_that_was_out_of_time_goes_on_before_anything_else():
    for steps in ((), (1000, 5000)):
        rule = policy(steps=steps)
        add_mofs(rule, "ab")
        task = rule.next(K.VALIDATE)
        rule.on_result(task, Outcome(cut_off=True))
        assert rule.waiting()[K.VALIDATE] == 2
        again = rule.next(K.VALIDATE)
        assert (again.subject, again.inputs, again.options) == (task.subject, task.inputs, task.options)
        assert again.id != task.id
        rule.on_result(again, Outcome(True, (Product(task.subject, "md", score=0.1),)))
        assert rule.next(K.VALIDATE).subject == "a"


def test_the_others_wait_while_a_mof_is_on_its_way():
    rule = policy(share=0.1, steps=(1000, 5000))
    add_mofs(rule, "a")
    run(rule, lambda task: 0.1)
    rule.begin(Task("process-x", K.PROCESS))
    assert rule.choose(K.VALIDATE) is None
    rule.on_result(Task("process-x", K.PROCESS), Outcome())
    assert rule.choose(K.VALIDATE).subject == "a"


def test_waiting_prolongations_are_counted():
    rule = policy(share=0.1)
    add_mofs(rule, "ab")
    run(rule, lambda task: 0.1)
    assert rule.waiting()[K.VALIDATE] == 2
