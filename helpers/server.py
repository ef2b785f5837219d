"""How JupyterLab sends to the browser, as `make lab` starts it: at once. The notebooks do not need this."""

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """The connection between kernel and browser, without TCP's wait to bundle small messages.

    A slider move is answered by "busy", an echo, the picture, the text, "idle". TCP holds back each message
    that is smaller than a packet until the one before is acknowledged, and an acknowledgement may take 40 ms
    (RFC 896 and RFC 1122, 4.2.3.2). Told not to, it sends. Start any JupyterLab or hub so:

        jupyter lab --ServerApp.kernel_websocket_connection_class=helpers.server.PromptConnection
    """

    def connect(self):
        """Connect as usual, with TCP_NODELAY set first."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()
