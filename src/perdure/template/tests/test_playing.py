"""An example of a test that plays: somebody types lines, and the test looks at what came of them."""

from perdure.testing.cases import WorldTestCase

from typeclasses.objects import Object


class PlayingTest(WorldTestCase):
    """Each test has a world of its own, `self.world`, in which time passes when the test says so."""

    def test_getting(self) -> None:
        anna, bert = self.world.player("Anna"), self.world.player("Bert")
        lamp = self.world.create("lamp", Object)
        anna.send("get lamp")
        self.assertIs(lamp.location, anna.character)
        self.assertIn("lamp", bert.heard())
