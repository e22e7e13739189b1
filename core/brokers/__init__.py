"""Where light curves come from: brokers over the network, files, and the embedded samples."""
