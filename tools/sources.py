"""Which files are ours: what tools/check_* read."""
import os
import subprocess


def listed(*patterns):
    """Paths of tracked files, and of new ones that git does not ignore, that match the patterns; in order."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "--", *patterns]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(path for path in set(found) if os.path.exists(path))
