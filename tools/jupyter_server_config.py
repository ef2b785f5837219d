"""JupyterLab's server sends to the browser at once; found where JUPYTER_CONFIG_PATH is this folder.

A slider's move is answered by several small messages. TCP holds each back until the one before is
acknowledged, which may take 40 ms (RFC 896; RFC 1122, 4.2.3.2). Told not to wait, it sends. The
lessons work without this; a hub takes the class below by its own configuration.
"""
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    def connect(self):
        self.websocket_handler.set_nodelay(True)
        return super().connect()


get_config().ServerApp.kernel_websocket_connection_class = PromptConnection  # noqa: F821
