"""What clients may send to this game besides lines: named messages, each with a schema.

    import msgspec

    from perdure.server.world.inputs import Call, input_function

    class Zoom(msgspec.Struct):
        zoom: int = 1

    @input_function("map_wanted", Zoom, state="puppet")
    def map_wanted(call: Call, wanted: Zoom) -> None:
        call.session.msg(map={"zoom": wanted.zoom})

What does not fit the schema never reaches the function.
"""
