"""What the programs with DataRobot's Python client share: a client, pictures, archives of them, and expectations."""
import base64
import io
import os
import tempfile
import warnings
import zipfile
from pathlib import Path

import datarobot as dr
from datarobot.errors import ClientError, DataRobotDeprecationWarning

ENDPOINT, KEY = f"{os.environ['ENDPOINT']}/api/v2", os.environ["KEY"]
CLASSES, COUNT = os.environ["CLASSES"].split(","), int(os.environ["COUNT"])
# Each of its examples uses a function that warns.
warnings.filterwarnings("ignore", category=DataRobotDeprecationWarning)
client = dr.Client(token=KEY, endpoint=ENDPOINT)
workspace = Path(tempfile.mkdtemp())


def picture(name, number):
    """Returns the bytes of a picture of a class."""
    return (Path(os.environ["PICTURES"]) / f"{name}-{number}.png").read_bytes()


def text_of(name, number):
    """Returns a picture of a class as base64."""
    return base64.b64encode(picture(name, number)).decode()


def expect(what, found, wanted):
    assert found == wanted, f"{what}: {found!r}, wanted {wanted!r}"
    print(f"ok {what}", flush=True)


def expect_refusal(what, status, action, text=""):
    """Expects a ClientError with a status and a message that contains a text."""
    try:
        action()
    except ClientError as error:
        message = error.json["message"]
        assert message and text in message, f"{what}: the message is {message!r}, wanted {text!r}"
        return expect(what, error.status_code, status)
    raise AssertionError(f"{what}: nothing was refused")


def zipped(entries, target=None):
    """Writes an archive of names and bytes, into a file or into memory."""
    target = io.BytesIO() if target is None else target
    with zipfile.ZipFile(target, "w") as file:
        for name, content in entries:
            file.writestr(name, content)
    if isinstance(target, io.BytesIO):
        target.seek(0)
    return target


def class_folders(names, count, parent=""):
    """Returns entries of an archive with a folder for each class, in a folder of that name."""
    for name in names:
        yield f"{parent}{name}/", b""
        for number in range(count):
            yield f"{parent}{name}/{number}.png", picture(name, number)


def messy_archive(target):
    """Writes an archive of a folder with class folders, as people zip it, with one picture twice and one in half."""
    return zipped(
        [
            ("__MACOSX/shapes/._0.png", b"\0\0"),
            ("shapes/.DS_Store", b"\0\0"),
            *class_folders(CLASSES, COUNT, "shapes/"),
            (f"shapes/{CLASSES[0]}/twice.png", picture(CLASSES[0], 0)),
            (f"shapes/{CLASSES[1]}/half.png", picture(CLASSES[1], 0)[:200]),
        ],
        target,
    )


def features_of(dataset):
    return {feature.name: feature.feature_type for feature in dataset.get_all_features()}


def wait(project):
    project.wait_for_autopilot(check_interval=0.5, timeout=250, verbosity=0)
    models = project.get_models()
    if len(models) < 2:
        url = f"projects/{project.id}/modelJobs/?status="
        failed = [job for status in ("error", "ABORTED") for job in client.get(url + status).json()]
        raise AssertionError(f"{project.project_name}: {len(models)} models; jobs that failed: {failed}")
    return models


def job_of(project, url):
    return dr.Job.get(project.id, url.rstrip("/").split("/")[-1])


def predict(project, model, data):
    """Uploads data and returns its predictions as a data frame."""
    uploaded = project.upload_dataset(data)
    return model.request_predictions(uploaded.id).get_result_when_complete(max_wait=200)
