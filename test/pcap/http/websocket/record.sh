#!/bin/bash
# A connection is upgraded to WebSocket; text and binary frames, a ping, the end.
. "$(dirname "$0")/../../stage.sh"
needs python3-websockets
cat >"$work/server.py" <<'END'
import asyncio, sys, websockets
async def answer(socket):
    async for message in socket:
        await socket.send(message)
async def main():
    async with websockets.serve(answer, sys.argv[1], 8765):
        await asyncio.Future()
asyncio.run(main())
END
cat >"$work/client.py" <<'END'
import asyncio, sys, websockets
async def main():
    async with websockets.connect(f'ws://{sys.argv[1]}:8765/chat', compression=None) as socket:
        for message in ('hello', bytes(range(64)), 'x' * 300):
            await socket.send(message)
            await socket.recv()
        await (await socket.ping())
asyncio.run(main())
END
serve /usr/bin/python3 "$work/server.py" "$server_ip"
wait_for 8765
capture
on_client /usr/bin/python3 "$work/client.py" "$server_ip"
finish
