from collections import Counter
from hypothesis import settings
import hypothesis.stateful as hs
from tests.laws.machine import WorldMachine
def test_stat(witness, raw_cursor):
    C=Counter()
    class Machine(WorldMachine):
        n=0
        def check_invariants(self,*a):
            self.n+=1; C["steps"]+=1
            C["blocks%d"%len(self.blocks)]+=1
            return super().check_invariants(*a)
        def teardown(self):
            C["runs"]+=1; C["len %03d"%(self.n//5*5)]+=1
            super().teardown()
    Machine.witness, Machine.raw_cursor = witness, raw_cursor
    od=hs.RuleStrategy.do_draw
    def dd(self, data):
        r=od(self,data); C["R "+r[0].function.__name__]+=1; return r
    hs.RuleStrategy.do_draw=dd
    hs.run_state_machine_as_test(Machine, settings=settings())
    print(sorted(C.items()))
    assert 0
