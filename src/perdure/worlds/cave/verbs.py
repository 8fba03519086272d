"""What one does in Colossal Cave, as commands that each room of it offers.

Contract: the words of a line are all that counts, in any order (`unlock grate`, `pour water on plant`). A verb with
nothing to work on says so and changes nothing.
"""

from __future__ import annotations

from typing import Any

from perdure.commands.cmdset import CmdSet
from perdure.commands.command import Command
from perdure.worlds.cave import puzzles
from perdure.worlds.cave.puzzles import EMPTY, OIL, WATER, carries, near, set_state, tell

__all__ = ["VerbCmdSet"]


class Verb(Command):
    """What the verbs share."""

    help_category = "cave"
    #: What is said when there is nothing that it could be about.
    nothing = "Nothing happens."

    def func(self) -> None:
        """Do it, and say what only the actor need read."""
        self.msg(self.act(self.caller) or self.nothing)

    def act(self, actor: Any) -> str | None:
        """Do it; the answer, or None when there is nothing to do it to."""
        raise NotImplementedError

    def is_meant(self, thing: Any) -> bool:
        """Whether the line names this thing."""
        words = set(self.raw_string.lower().split())
        return thing is not None and bool(words & {thing.key.lower(), *thing.key.lower().split(), *thing.aliases.all()})


class Unlock(Verb):
    """
    Open what is locked, or shut.

    Usage:
      unlock <grate or chain>
      open <grate, clam, oyster or door>
    """

    key = "unlock"
    aliases = ["open grate", "open clam", "open oyster", "open door", "open chain"]
    nothing = "There is nothing here with a lock that you name."

    def act(self, actor: Any) -> str | None:
        """By what is named."""
        for number, opening in ((3, self._grate), (64, self._chain), (14, self._shell), (15, self._shell)):
            if self.is_meant(thing := near(actor, number)):
                return opening(actor, thing)
        if self.is_meant(door := near(actor, puzzles.DOOR)):
            return "It is open." if door.state else "The door is extremely rusty and refuses to open."
        return None

    def _grate(self, actor: Any, grate: Any) -> str:
        if not carries(actor, puzzles.KEYS):
            return "You have no keys!"
        if grate.state:
            return "It was already unlocked."
        grate.state = 1
        tell(actor, "$You() $conj(unlock) the grate.")
        return "The grate is now unlocked."

    def _chain(self, actor: Any, chain: Any) -> str:
        bear = near(actor, puzzles.BEAR)
        if not carries(actor, puzzles.KEYS):
            return "You have no keys!"
        if bear is not None and bear.state == 0:
            return "There is no way to get past the bear to unlock the chain, which is probably just as well."
        if chain.state == 0:
            return "It was already unlocked."
        chain.state = 0
        chain.locks.add("get:all()")
        set_state(puzzles.BEAR, 2)
        tell(actor, "$You() $conj(unlock) the chain.")
        return "The chain is now unlocked."

    def _shell(self, actor: Any, shell: Any) -> str:
        if shell.location is actor:
            return "I advise you to put it down before opening it. >Strain!<"
        if not carries(actor, puzzles.TRIDENT):
            return "You don't have anything strong enough to open it."
        if shell.number == puzzles.OYSTER:
            return "The oyster creaks open, revealing nothing but oyster inside. It promptly snaps shut again."
        here = actor.location
        puzzles.vanish(shell)
        puzzles.find(f"object {puzzles.OYSTER}").move_to(here, quiet=True, move_hooks=False)
        pearl, pit = puzzles.find(f"object {puzzles.PEARL}"), puzzles.find(puzzles.CUL_DE_SAC)
        pearl.move_to(pit, quiet=True, move_hooks=False)
        return (
            "A glistening pearl falls out of the clam and rolls away. Goodness, this must really be an oyster. (I "
            "never was very good at identifying bivalves.) Whatever it is, it has now snapped shut again."
        )


class Lock(Verb):
    """
    Lock the grate.

    Usage:
      lock grate
    """

    key = "close grate"
    aliases = ["lock grate"]
    nothing = "There is no grate here."

    def act(self, actor: Any) -> str | None:
        """With the keys."""
        grate = near(actor, puzzles.GRATE)
        if grate is None:
            return None
        if not carries(actor, puzzles.KEYS):
            return "You have no keys!"
        if not grate.state:
            return "It was already locked."
        grate.state = 0
        tell(actor, "$You() $conj(lock) the grate.")
        return "The grate is now locked."


class Free(Verb):
    """
    Let the bird out of its cage.

    Usage:
      free bird
    """

    key = "free"
    aliases = ["release"]
    nothing = "You have nothing that could be set free."

    def act(self, actor: Any) -> str | None:
        """It drives a snake away, and is no match for a dragon."""
        bird = near(actor, puzzles.BIRD)
        if bird is None or bird.location is not actor or not self.is_meant(bird):
            return None
        bird.state = 0
        bird.move_to(actor.location, quiet=True, move_hooks=False)
        tell(actor, "$You() $conj(open) the cage, and the little bird flies out.")
        snake, dragon = near(actor, puzzles.SNAKE), near(actor, puzzles.DRAGON)
        if snake is not None and snake.state == 0:
            snake.state = 1
            tell(actor, "It attacks the green snake, and in an astounding flurry drives the snake away.")
        elif dragon is not None and dragon.state == 0:
            bird.move_to(bird.home, quiet=True, move_hooks=False)
            tell(actor, "It attacks the green dragon, thinks better of it, and is gone.")
        return "The bird is free."


class Wave(Verb):
    """
    Wave something.

    Usage:
      wave <thing>
    """

    key = "wave"

    def act(self, actor: Any) -> str | None:
        """The rod, at the fissure."""
        rod, fissure = near(actor, puzzles.ROD), near(actor, puzzles.FISSURE)
        if rod is None or rod.location is not actor or fissure is None or not self.is_meant(rod):
            return None
        tell(actor, "$You() $conj(wave) a black rod.")
        fissure.state = 0 if fissure.state == 1 else 1
        return str(fissure.messages.get(1 if fissure.state == 1 else 2, ""))


class Fill(Verb):
    """
    Fill the bottle with what flows here.

    Usage:
      fill bottle
    """

    key = "fill"
    nothing = "You can't fill that."

    def act(self, actor: Any) -> str | None:
        """Water or oil."""
        bottle = near(actor, puzzles.BOTTLE)
        if bottle is None or bottle.location is not actor or not self.is_meant(bottle):
            return None
        if bottle.state != EMPTY:
            return "Your bottle is already full."
        liquid = str(getattr(actor.location, "liquid", "")).lower()
        if not liquid:
            return "There is nothing here with which to fill the bottle."
        bottle.state = OIL if liquid == "oil" else WATER
        return f"Your bottle is now full of {'oil' if bottle.state == OIL else 'water'}."


class Pour(Verb):
    """
    Pour out what is in the bottle.

    Usage:
      pour <water or oil>
    """

    key = "pour"
    aliases = ["water plant", "oil door"]
    nothing = "You have nothing to pour."

    def act(self, actor: Any) -> str | None:
        """The plant drinks water; a rusty door wants oil."""
        bottle = near(actor, puzzles.BOTTLE)
        if bottle is None or bottle.location is not actor or bottle.state == EMPTY:
            return None
        oil = bottle.state == OIL
        bottle.state = EMPTY
        plant, door = near(actor, puzzles.PLANT), near(actor, puzzles.DOOR)
        if door is not None:
            door.state = 1 if oil else 0
            return (
                "The oil has freed up the hinges so that the door will now move, although it requires some effort."
                if oil
                else "The hinges are quite thoroughly rusted now and won't budge."
            )
        if plant is None:
            return "Your bottle is empty and the ground is wet."
        if oil:
            return 'The plant indignantly shakes the oil off its leaves and asks, "Water?"'
        tell(actor, plant.messages.get(plant.state + 1, ""))
        plant.state = (plant.state + 2) % 6
        set_state(puzzles.FAR_PLANT, plant.state // 2)
        return str(plant.messages.get(plant.state, ""))


class Feed(Verb):
    """
    Feed somebody who is hungry.

    Usage:
      feed <whom>
    """

    key = "feed"
    nothing = "There is nobody here whom you could feed."

    def act(self, actor: Any) -> str | None:
        """The bear likes anything."""
        bear, food = near(actor, puzzles.BEAR), near(actor, puzzles.FOOD)
        if self.is_meant(near(actor, puzzles.BIRD)):
            return "It's not hungry (it's merely pinin' for the fjords). Besides, you have no bird seed."
        if bear is None or bear.state != 0:
            return None
        if food is None or food.location is not actor:
            return "There is nothing here to eat."
        puzzles.vanish(food)
        bear.state = 1
        return "The bear eagerly wolfs down your food, after which he seems to calm down considerably."


class Attack(Verb):
    """
    Attack something.

    Usage:
      attack <what>
    """

    key = "attack"
    aliases = ["kill", "fight"]
    nothing = "There is nothing here to attack."

    async def func(self) -> None:  # type: ignore[override]
        """Ask, where only bare hands are left."""
        dragon = near(self.caller, puzzles.DRAGON)
        if not self.is_meant(dragon) or dragon.state:
            self.msg(self.act(self.caller) or self.nothing)
            return
        if not await self.confirm("With what? Your bare hands?", default=False):
            return
        dragon = near(self.caller, puzzles.DRAGON)
        if dragon is None or dragon.state:
            return  # somebody was quicker
        tell(self.caller, "$You() $conj(attack) the dragon.")
        dragon.state = 2
        set_state(puzzles.RUG, 0)
        puzzles.find(f"object {puzzles.RUG}").locks.add("get:all()")
        self.msg(dragon.messages.get(1, ""))

    def act(self, actor: Any) -> str | None:
        """Nothing else is to be had so."""
        answers = {
            puzzles.BIRD: "Oh, leave the poor unhappy bird alone.",
            puzzles.SNAKE: "Attacking the snake both doesn't work and is very dangerous.",
            puzzles.TROLL: "Trolls are close relatives with the rocks and have skin as tough as that of a rhinoceros.",
            puzzles.BEAR: "With what? Your bare hands? Against *his* bear hands?",
            puzzles.DRAGON: "For crying out loud, the poor thing is already dead!",
            puzzles.CLAM: "The shell is very strong and is impervious to attack.",
            puzzles.OYSTER: "The shell is very strong and is impervious to attack.",
        }
        return next((answer for number, answer in answers.items() if self.is_meant(near(actor, number))), None)


class Throw(Verb):
    """
    Throw something, at whoever is there.

    Usage:
      throw <thing>
    """

    key = "throw"
    aliases = ["toss"]
    nothing = "You do not carry that."

    def act(self, actor: Any) -> str | None:
        """A troll catches treasures."""
        thing = next((one for one in actor.contents if self.is_meant(one)), None)
        if thing is None:
            return None
        troll = near(actor, puzzles.TROLL)
        if troll is None or not puzzles.is_treasure(thing):
            return "Better put it down: there is nobody here who would catch it."
        puzzles.vanish(thing)
        puzzles.vanish(troll)
        troll.state = 0
        tell(actor, "The troll catches the treasure and scurries away out of sight.")
        return "The way over the bridge is free, once."


class Score(Verb):
    """
    See how far you have come in the cave.

    Usage:
      score
    """

    key = "score"

    def act(self, actor: Any) -> str:
        """Count."""
        return puzzles.points(actor)


class VerbCmdSet(CmdSet):
    """What one can do in every room of the cave."""

    key = "CaveVerbs"

    def at_cmdset_creation(self) -> None:
        """All of them."""
        self.add([Unlock, Lock, Free, Wave, Fill, Pour, Feed, Attack, Throw, Score])
