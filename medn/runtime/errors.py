"""What goes wrong with a runtime, in a sentence for a person."""


class RuntimeUnavailableError(Exception):
    """This runtime cannot run here; the message says why and what would help."""


class EngineRefusedError(Exception):
    """A TensorRT engine was built but does not answer as PyTorch does."""
