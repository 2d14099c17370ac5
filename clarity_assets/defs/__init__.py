"""The map: every asset, job and resource, thin, calling the plain Python beside this folder."""
