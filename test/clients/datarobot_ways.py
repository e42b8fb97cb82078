"""DataRobot's Python client (3.20) and plain requests: ways of notebooks and of the R package, other orders, refusals."""
import datarobot as dr
import pandas as pd
import requests
from datarobot.enums import AUTOPILOT_MODE
from datarobot.errors import AsyncProcessUnsuccessfulError, ClientError
from datarobot.models.modeljob import wait_for_async_model_creation
from datarobot.models.visualai import Image, ImageActivationMap, ImageEmbedding, SampleImage
from datarobot.utils.waiters import wait_for_async_resolution
from datarobot_support import (
    CLASSES,
    COUNT,
    ENDPOINT,
    KEY,
    class_folders,
    client,
    expect,
    expect_refusal,
    features_of,
    job_of,
    picture,
    predict,
    text_of,
    wait,
    workspace,
    zipped,
)

UNKNOWN = "0" * 24

# Notebooks: an archive with a wrapping folder is looked up by its name, and the first model by its kind.
archive = workspace / "dataset_2k.zip"
zipped(class_folders(CLASSES, COUNT, "dataset_2k/"), str(archive))
dataset = dr.Dataset.create_from_file(file_path=str(archive))
dr.Project.create_from_dataset(dataset.id)
[project] = dr.Project.list(search_params={"project_name": "dataset_2k.zip"})
expect("a project by its file's name", project.project_name, "dataset_2k.zip")
by_case = dr.Project.list(search_params={"project_name": "DATASET_2K"})
expect("a project by its name in another case", [each.id for each in by_case], [project.id])
expect("no other project", dr.Project.list(search_params={"project_name": "dataset_3k.zip"}), [])

# Other orders: the hold-out is unlocked first, data is uploaded before there is a model, maps come before embeddings.
project.analyze_and_model(target="class", mode=AUTOPILOT_MODE.MANUAL)
expect_refusal("a second target", 422, lambda: project.analyze_and_model(target="class"))
url_of_project = f"projects/{project.id}/"
client.patch(url_of_project, data={"holdoutUnlocked": True})
expect("an unlocked hold-out", dr.Project.get(project.id).holdout_unlocked, True)
uploaded = project.upload_dataset(pd.DataFrame({"image": [text_of(name, 11) for name in CLASSES]}))
expect("data before a model", [uploaded.num_rows, len(project.get_models())], [len(CLASSES), 0])
keras = next(each for each in project.get_blueprints() if "Keras" in each.model_type)
wait_for_async_model_creation(project.id, project.train(keras), max_wait=200)
model = project.get_models(search_params={"name": "Keras"})[0]
expect("its score on the hold-out", model.metrics["LogLoss"]["holdout"] is not None, True)
predicted = model.request_predictions(uploaded.id).get_result_when_complete(max_wait=200)
expect("predictions first", list(predicted["prediction"]), CLASSES)
expect("no insight yet", [ImageEmbedding.models(project.id), ImageActivationMap.models(project.id)], [[], []])
jobs = [job_of(project, insight.compute(project.id, model.id)) for insight in (ImageActivationMap, ImageEmbedding)]
for job in jobs:
    job.wait_for_completion(max_wait=200)
expect("the first of .models()", ImageActivationMap.models(project.id)[0], (model.id, "image"))
overlay = ImageActivationMap.list(project.id, model.id, "image")[0].overlay_image
expect("an overlay by its id", Image.get(project.id, overlay.id).image_bytes, overlay.image_bytes)
again = predict(project, model, pd.DataFrame({"image": [text_of(CLASSES[2], 11)]}))
expect("predictions afterwards", list(again["prediction"]), [CLASSES[2]])

# A notebook that turns time series into pictures: a table whose paths begin with a dot, and entries for directories.
lines = ["path,kind"] + [f"./images/{name}-{i}.png,{name}" for name in CLASSES[:2] for i in range(6)]
entries = [("images/", b""), *[(f"images/{name}-{i}.png", picture(name, i)) for name in CLASSES[:2] for i in range(6)]]
plots = dr.Dataset.create_from_file(filelike=zipped([*entries, ("master.csv", "\n".join(lines))]))
expect("paths that begin with a dot", features_of(plots), {"path": "Image", "kind": "Categorical"})
flat = [(f"{name}-{i}.png", picture(name, i)) for name in CLASSES[:2] for i in range(6)]
names = "\n".join(line.replace("./images/", "") for line in lines)
flat_names = dr.Dataset.create_from_file(filelike=zipped([*flat, ("master.csv", names)]))
expect("flat files beside a table", features_of(flat_names), features_of(plots))

# The R package: two requests at connection, a part with a type and no name of a project, extra keys with the target.
session = requests.Session()
session.headers["Authorization"] = f"Token {KEY}"
expect("projects at connection", isinstance(session.get(f"{ENDPOINT}/projects/").json(), list), True)
expect("the version at connection", session.get(f"{ENDPOINT}/version/").json()["major"], 2)
with open(archive, "rb") as file:
    answer = session.post(f"{ENDPOINT}/projects/", files={"file": ("robots.zip", file, "application/octet-stream")})
expect("a part with a type", answer.status_code, 202)
url = wait_for_async_resolution(client, answer.headers["Location"])
robots = session.get(url).json()
expect("named after its file", [robots["projectName"], robots["stage"]], ["robots.zip", "aim"])
expect("the stage that R waits for", session.get(f"{url}status/").json()["stage"], "aim")
aim = {
    "target": "class",
    "mode": "quick",
    "seed": 7,
    "blueprintThreshold": 3,
    "responseCap": 1,
    "smartDownsampled": False,
    "scaleoutModelingMode": "disabled",
    "quickrun": True,
}
answer = session.patch(f"{url}aim/", json=aim)
expect("a target with keys that are ignored", answer.status_code, 202)
wait_for_async_resolution(client, answer.headers["Location"])
answer = session.patch(f"{url}aim/", json=aim)
expect("what R shows of a refusal", [answer.status_code, bool(answer.json()["message"])], [422, True])
expect("its type", answer.headers["Content-Type"], "application/json")
by_r = dr.Project.get(robots["id"])
metrics = wait(by_r)[0].metrics
parts = ("validation", "crossValidation")
expect("LogLoss and AUC", [metrics[name][each] is not None for name in ("LogLoss", "AUC") for each in parts], [True] * 4)

# Refusals are errors of the client with a sentence, and leave nothing behind.
refusals = {
    "an unknown project": (404, lambda: dr.Project.get(UNKNOWN)),
    "a project whose id is none": (404, lambda: dr.Project.get("robots")),
    "an unknown model": (404, lambda: dr.Model.get(project.id, UNKNOWN)),
    "a model of another project": (404, lambda: dr.Model.get(by_r.id, model.id)),
    "an unknown blueprint": (422, lambda: project.train("nothing")),
    "an unknown image": (404, lambda: Image.get(project.id, UNKNOWN)),
    "an unknown job": (404, lambda: dr.Job.get(project.id, "999999")),
    "a job of another project": (404, lambda: dr.Job.get(by_r.id, jobs[0].id)),
    "embeddings of a model of another project": (404, lambda: ImageEmbedding.compute(by_r.id, model.id)),
    "embeddings twice": (422, lambda: ImageEmbedding.compute(project.id, model.id)),
    "maps twice": (422, lambda: ImageActivationMap.compute(project.id, model.id)),
    "embeddings of an unknown column": (422, lambda: ImageEmbedding.list(project.id, model.id, "picture")),
    "images of an unknown column": (422, lambda: SampleImage.list(project.id, "picture")),
    "bins of a classification": (422, lambda: SampleImage.list(project.id, "image", target_bin_start=0, target_bin_end=1)),
    "a job that has ended": (422, jobs[0].cancel),
    "an unknown dataset": (404, lambda: dr.Project.create_from_dataset(UNKNOWN)),
    "a dataset whose id is none": (422, lambda: dr.Project.create_from_dataset("dataset_2k")),
    "data without the image column": (422, lambda: predict(project, model, pd.DataFrame({"size": [1, 2]}))),
    "predictions of unknown data": (404, lambda: model.request_predictions(UNKNOWN)),
    "a hold-out that is locked again": (422, lambda: client.patch(url_of_project, data={"holdoutUnlocked": False})),
    "an unknown route": (404, lambda: client.get(f"projects/{project.id}/rocCurve/")),
    "a page that is no number": (422, lambda: client.get(f"projects/{project.id}/images/?column=image&limit=all")),
}
for what, (status, action) in refusals.items():
    expect_refusal(what, status, action)

untargeted = dr.Project.create_from_dataset(plots.id, project_name="plots")
targets = {
    "an unknown target": {"target": "size"},
    "an image as target": {"target": "path"},
    "a metric that does not fit": {"target": "kind", "metric": "RMSE"},
    "an unknown mode": {"target": "kind", "mode": "slow"},
}
for what, options in targets.items():
    expect_refusal(what, 422, lambda: untargeted.analyze_and_model(**options))
# The values of a target are read in a job, which fails with a sentence.
try:
    untargeted.analyze_and_model(target="kind", positive_class="sphere")
    raise AssertionError("an unknown positive class was accepted")
except AsyncProcessUnsuccessfulError as error:
    expect("an unknown positive class", "The positive class is not a value of the target." in str(error), True)
expect("no target is set by them", dr.Project.get(untargeted.id).stage, "aim")
try:
    dr.Client(token="nothing", endpoint=ENDPOINT)
    raise AssertionError("an unknown key was accepted")
except ClientError as error:
    expect("an unknown key", error.status_code, 401)
dr.Client(token=KEY, endpoint=ENDPOINT)

projects = (project, by_r, untargeted)
for made in projects:
    made.delete()
for made in (dataset, plots, flat_names):
    dr.Dataset.delete(made.id)
left = {each.id for each in dr.Project.list()} & {each.id for each in projects}
expect("no project is left", left, set())
