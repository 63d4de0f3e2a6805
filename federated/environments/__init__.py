"""Where a job runs: in the simulator, on one machine with real processes, or in a provisioned federation."""
