"""What DNS publishes × what a policy needs → findings. Start reading at `compare.py`."""
