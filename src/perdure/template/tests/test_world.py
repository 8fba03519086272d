"""An example of a test: what is made is there, and goes where it is sent."""

from django.test import TestCase

from perdure import create_object

from typeclasses.objects import Object
from typeclasses.rooms import Room


class WorldTest(TestCase):
    """Rooms hold what is in them."""

    def test_moving(self) -> None:
        cellar, attic = create_object(Room, key="cellar"), create_object(Room, key="attic")
        lamp = create_object(Object, key="lamp", location=cellar)
        self.assertTrue(lamp.move_to(attic))
        self.assertEqual(attic.contents, [lamp])
        self.assertEqual(cellar.contents, [])
