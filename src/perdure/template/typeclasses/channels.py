"""Channels: lines on which people talk wherever they are."""

from perdure import DefaultChannel


class Channel(DefaultChannel):
    """A line that accounts and objects subscribe to. Hooks you will want first:

    at_channel_creation()              once, when the channel is made
    at_pre_msg(message)                what is sent instead; False or Veto("why") drops it
    at_post_msg(message)               after it has gone out
    """
