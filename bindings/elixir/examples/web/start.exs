Web.start()
# This process owns the socket.
Process.sleep(:infinity)
