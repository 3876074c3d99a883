"""The contract between every room: the plan, the failover machine and the scenario."""
