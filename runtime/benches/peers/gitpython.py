"""The usual Python service: a clone with a work tree, `index.add`, `index.commit`, `push`, one after the other.

python gitpython.py URL FOLDER: a request for each line that it reads; prints the seconds that it took.
"""
import os
import sys
import time

import git

url, folder = sys.argv[1], sys.argv[2]
repository = git.Repo.clone_from(url, folder, branch="main")
with repository.config_writer() as config:
    config.set_value("user", "name", "bench")
    config.set_value("user", "email", "bench@example.org")
    # GitPython looks for trees among loose objects only: what Git packs meanwhile it would write once more.
    config.set_value("gc", "auto", "0")
print("ready", flush=True)
for number, line in enumerate(sys.stdin):
    if line.strip() == "reset":
        repository.remotes.origin.fetch()
        repository.head.reset("origin/main", index=True, working_tree=True)
        print(0, flush=True)
        continue
    begun = time.perf_counter()
    path = os.path.join("bench", "webapp", f"python-{number}", "manifest.yaml")
    whole = os.path.join(folder, path)
    os.makedirs(os.path.dirname(whole))
    with open(whole, "w") as file:
        file.write(f"kind: Webapp\nspec:\n  values:\n    name: python-{number}\n" + "#" * 300 + "\n")
    repository.index.add([path])
    repository.index.commit(f"Add {path}")
    repository.remotes.origin.push("main").raise_if_error()
    print(time.perf_counter() - begun, flush=True)
