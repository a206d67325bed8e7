"""A supervisor's socket: binds the address given, says `bound`, and prints each datagram with the pid the kernel vouches for."""
import json
import socket
import struct
import sys

address = sys.argv[1]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
listener.bind("\0" + address[1:] if address.startswith("@") else address)
print(json.dumps("bound"), flush=True)
while True:
    text, ancillary, _, _ = listener.recvmsg(65536, socket.CMSG_SPACE(12))
    pid = struct.unpack("iii", ancillary[0][2])[0]
    print(json.dumps({"pid": pid, "text": text.decode()}), flush=True)
