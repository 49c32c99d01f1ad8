"""The search for what breaks a playbook's promises: plans out of seeds, runs out of plans, and the smallest of what fails."""
