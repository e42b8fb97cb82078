"""Event files of many writers, followed and pushed, with the runs, tags, steps, times and bytes that TensorBoard reads."""
import os
import time
from pathlib import Path
from urllib.parse import urlencode

import requests
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.context import RequestContext
from tensorboard_writers import write_runs

ENDPOINT, KEY, LOGDIR = os.environ["ENDPOINT"], os.environ["KEY"], Path(os.environ["LOGDIR"])
API = f"{ENDPOINT}/data/plugin/images"
WAIT_SECONDS = 60


def session_of(secret):
    session = requests.Session()
    session.auth = ("key", secret)
    return session


def expect(what, found, wanted):
    assert found == wanted, f"{what}: {found!r:.500}, wanted {wanted!r:.500}"
    print(f"ok {what}", flush=True)


def loaded(directory):
    """Returns what TensorBoard's own loader reads: each picture of runs and tags, and the names of all runs."""
    multiplexer = plugin_event_multiplexer.EventMultiplexer(tensor_size_guidance={"images": 10})
    multiplexer.AddRunsFromDirectory(str(directory))
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(directory))
    asked = {"ctx": RequestContext(), "experiment_id": "", "plugin_name": "images"}
    tags, pictures = {}, {}
    for run, series in provider.list_blob_sequences(**asked).items():
        tags[run] = {tag: [each.display_name, each.max_length - 2] for tag, each in series.items()}

    def bytes_of(blob):
        return provider.read_blob(ctx=RequestContext(), blob_key=blob.blob_key)

    for run, series in provider.read_blob_sequences(downsample=10**6, **asked).items():
        for tag, events in series.items():
            # The first two are the width and the height.
            pictures[run, tag] = [[e.step, e.wall_time, [bytes_of(blob) for blob in e.values[2:]]] for e in events]
    return sorted(multiplexer.Runs()), tags, pictures


def served(session):
    """Returns the same of what the API serves. It has a list for each of the images of a step."""
    runs = session.get(f"{ENDPOINT}/data/runs").json()
    listed = session.get(f"{API}/tags").json()
    tags, pictures = {}, {}
    for run, series in listed.items():
        tags[run] = {tag: [each["displayName"], each["samples"]] for tag, each in series.items()}
        for tag, each in series.items():
            steps = {}
            for sample in range(each["samples"]):
                query = urlencode({"run": run, "tag": tag, "sample": sample})
                for event in session.get(f"{API}/images?{query}").json():
                    picture = session.get(f"{API}/individualImage?{event['query']}").content
                    steps.setdefault((event["step"], event["wall_time"]), []).append(picture)
            pictures[run, tag] = [[*key, images] for key, images in sorted(steps.items())]
    return sorted(runs), {run: series for run, series in tags.items() if series}, pictures


def compare(what, session, wanted):
    runs, tags, pictures = wanted
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end and session.get(f"{API}/tags").json().keys() != set(runs):
        time.sleep(0.5)
    # The last run may be there before all of its images are.
    found = served(session)
    while time.monotonic() < end and found != wanted:
        time.sleep(0.5)
        found = served(session)
    expect(f"{what}: names of the runs", found[0], runs)
    expect(f"{what}: tags, names and samples", found[1], tags)
    for name in sorted(pictures):
        expect(f"{what}: pictures of {name[1]!r} in {name[0]!r}", found[2].get(name), pictures[name])
    expect(f"{what}: nothing else", sorted(found[2]), sorted(pictures))


def push(session, path, file, share):
    """Pushes what is new of a share of a file, as a training does every few seconds."""
    url = f"{ENDPOINT}/tensorboard/runs/file?{urlencode(file)}"
    answer = session.head(url, headers={"Tus-Resumable": "1.0.0"})
    answer.raise_for_status()
    offset, end = int(answer.headers["Upload-Offset"]), int(path.stat().st_size * share)
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    answer = session.patch(url, data=path.read_bytes()[offset:end], headers=headers)
    answer.raise_for_status()
    stored = int(answer.headers["Upload-Offset"])
    # A record that has not arrived whole is not stored.
    assert stored == end if share == 1 else offset <= stored <= end, f"{file}: {stored} of {end} bytes are stored."


write_runs(LOGDIR)
original = loaded(LOGDIR)
assert len(original[2]) == 20, "There is too little to compare."
compare("followed", session_of(KEY), original)

editor = {"name": "training", "role": "editor", "workspace": "pushed"}
answer = requests.post(f"{ENDPOINT}/keys", json=editor, headers={"Authorization": f"Bearer {KEY}"})
answer.raise_for_status()
elsewhere = session_of(answer.json()["key"])
for event_file in sorted(LOGDIR.rglob("*tfevents*")):
    for part in (0.4, 0.8, 1, 1):
        names = {"run": str(event_file.parent.relative_to(LOGDIR)), "file": event_file.name}
        push(elsewhere, event_file, names, part)
compare("pushed", elsewhere, original)
