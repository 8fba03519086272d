from collections import Counter
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from tests.laws.machine import WorldMachine
def test_stat(witness, raw_cursor):
    C=Counter()
    class Machine(WorldMachine):
        def _add_results_to_targets(self, *a): return super()._add_results_to_targets(*a)
        def memory_equals_model(self):
            C["steps"]+=1
        def tables_equal_model(self): pass
        def __init__(self):
            C["runs"]+=1; super().__init__()
        def teardown(self):
            C["td"]+=1
            C["len%d"%self._n if hasattr(self,"_n") else "l"]+=1
            super().teardown()
    Machine.witness, Machine.raw_cursor = witness, raw_cursor
    import hypothesis.stateful as hs
    orig=hs.RuleBasedStateMachine.check_invariants
    def ci(self, *a):
        C["inv"]+=1; self._n=getattr(self,"_n",0)+1
        return orig(self,*a)
    hs.RuleBasedStateMachine.check_invariants=ci
    op=hs.RuleBasedStateMachine._print_step if hasattr(hs.RuleBasedStateMachine,"_print_step") else None
    def ps(self, rule, data, result): C[rule.function.__name__]+=1; return op(self, rule,data,result)
    from hypothesis.stateful import RuleStrategy
    od=RuleStrategy.do_draw
    def dd(self, data):
        r=od(self,data); C["R "+r[0].function.__name__]+=1; return r
    RuleStrategy.do_draw=dd
    run_state_machine_as_test(Machine, settings=settings())
    print(C)
    assert 0
