"""A relay in front of the server that counts connections, and bytes as TCP carries them."""

import socket
import threading


class Relay:
    def __init__(self, port):
        self._port = port
        self.connections = self.sent = self.received = 0

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = "https://127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._port))
            self.connections += 1
            for ends in ((client, server, "sent"), (server, client, "received")):
                threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, source, target, what):
        """One direction of one connection. Each counter has one writer at a time: contestants run one thread here."""
        try:
            while data := source.recv(65536):
                setattr(self, what, getattr(self, what) + len(data))
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass
