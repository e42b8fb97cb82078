"""DataRobot's Python client (3.20): projects, targets, models, embeddings, activation maps and predictions."""
import base64
import io
import os
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import datarobot as dr
import pandas as pd
from datarobot.enums import AUTOPILOT_MODE, TARGET_TYPE
from datarobot.errors import ClientError, PendingJobFinished
from datarobot.models.modeljob import wait_for_async_model_creation
from datarobot.models.visualai import DuplicateImage, Image, ImageActivationMap, ImageEmbedding, SampleImage

ENDPOINT, KEY = f"{os.environ['ENDPOINT']}/api/v2", os.environ["KEY"]
CLASSES, COUNT = os.environ["CLASSES"].split(","), int(os.environ["COUNT"])
client = dr.Client(token=KEY, endpoint=ENDPOINT)
workspace = Path(tempfile.mkdtemp())


def picture(name, number):
    return (Path(os.environ["PICTURES"]) / f"{name}-{number}.png").read_bytes()


def text_of(name, number):
    return base64.b64encode(picture(name, number)).decode()


def expect(what, found, wanted):
    assert found == wanted, f"{what}: {found!r}, wanted {wanted!r}"
    print(f"ok {what}")


def expect_refusal(what, status, action):
    try:
        action()
    except ClientError as error:
        assert error.json["message"], f"{what}: no message"
        return expect(what, error.status_code, status)
    raise AssertionError(f"{what}: nothing was refused")


def wait(project):
    project.wait_for_autopilot(check_interval=0.5, timeout=200, verbosity=0)


# A catalog first: a messy archive, as people zip it, becomes a dataset and then a project.
archive = workspace / "shapes.zip"
with zipfile.ZipFile(archive, "w") as file:
    file.writestr("__MACOSX/shapes/._0.png", b"\0\0")
    for name in CLASSES:
        file.writestr(f"shapes/{name}/", "")
        for number in range(COUNT):
            file.writestr(f"shapes/{name}/{number}.png", picture(name, number))
    file.writestr(f"shapes/{CLASSES[0]}/twice.png", picture(CLASSES[0], 0))
    file.writestr(f"shapes/{CLASSES[1]}/half.png", picture(CLASSES[1], 0)[:200])
dataset = dr.Dataset.create_from_file(file_path=str(archive))
project = dataset.create_project(project_name="shapes")
expect("the stage before the target", [project.stage, project.target], ["aim", None])
expect("samples before the target", len(SampleImage.list(project.id, "image")), len(CLASSES) * COUNT)
expect("the image that two rows have", [each.count for each in DuplicateImage.list(project.id, "image")], [2])

project.analyze_and_model(target="class", mode=AUTOPILOT_MODE.QUICK, worker_count=-1)
expect("the target", [project.stage, project.target, project.target_type], ["modeling", "class", "Multiclass"])
expect_refusal("a second target", 422, lambda: project.analyze_and_model(target="class"))
wait(project)
models = project.get_models()
expect("at least two models", len(models) >= 2, True)
keras = project.get_models(search_params={"name": "Keras"})[0]
expect("a model by its kind", "Keras" in keras.model_type, True)
losses = [model.metrics["LogLoss"]["crossValidation"] for model in models]
expect("good models", [loss < 0.4 for loss in losses], [True] * len(losses))
validation = [model.metrics["LogLoss"]["validation"] for model in models]
expect("the best model first", validation, sorted(validation))
expect("the top model", project.get_top_model().id, models[0].id)
expect("the recommended model", project.recommended_model().id in [model.id for model in models], True)
expect("models by records", sorted(r.id for r in project.get_model_records()), sorted(m.id for m in models))
expect("the hold-out is locked", models[0].metrics["LogLoss"]["holdout"], None)
project.unlock_holdout()
expect("and unlocked", dr.Model.get(project.id, models[0].id).metrics["LogLoss"]["holdout"] is not None, True)

discs = SampleImage.list(project.id, "image", target_value=CLASSES[0])
expect("images of a class", [sample.target_value for sample in discs], [CLASSES[0]] * COUNT)
image = Image.get(project.id, discs[0].image.id)
expect("the bytes of an image", image.image_bytes, picture(CLASSES[0], 0))


def compute(insight, model):
    job = dr.Job.get(project.id, insight.compute(project.id, model.id).rstrip("/").split("/")[-1])
    job.wait_for_completion(max_wait=200)
    expect(f"{insight.__name__} of a model", (model.id, "image") in [
        (each, feature) for each, feature in insight.models(project.id)
    ], True)
    expect_refusal(f"{insight.__name__} twice", 422, lambda: insight.compute(project.id, model.id))
    return insight.list(project.id, model.id, "image")


embeddings = compute(ImageEmbedding, keras)
expect("an embedding for each image", len(embeddings), len(CLASSES) * COUNT)
expect("their values", sorted({each.actual_target_value for each in embeddings}), sorted(CLASSES))
maps = compute(ImageActivationMap, keras)
expect("maps of every class", sorted({each.actual_target_value for each in maps}), sorted(CLASSES))
expect("their numbers", all(0 <= value <= 255 for each in maps for row in each.activation_values for value in row), True)
expect("an overlay", maps[0].overlay_image.image_type in ("image/png", "image/jpeg"), True)

# Predictions of a data frame with the columns of the project, and one picture that cannot be read.
frame = pd.DataFrame({"image": [text_of(name, 11) for name in CLASSES] + ["bm90IGFuIGltYWdl"]})
uploaded = project.upload_dataset(frame)
expect("rows to predict", [uploaded.num_rows, uploaded.project_id], [len(frame), project.id])
predicted = keras.request_predictions(uploaded.id).get_result_when_complete(max_wait=200)
expect("predicted classes", list(predicted["prediction"])[: len(CLASSES)], CLASSES)
sums = predicted[[f"class_{name}" for name in CLASSES]].iloc[: len(CLASSES)].sum(axis=1)
expect("probabilities", [round(total, 4) for total in sums], [1.0] * len(CLASSES))

# A project of two classes in manual mode, from an archive without a name.
two = io.BytesIO()
with zipfile.ZipFile(two, "w") as file:
    for name in CLASSES[:2]:
        for number in range(8):
            file.writestr(f"{name}/{number}.png", picture(name, number))
two.seek(0)
binary = dr.Project.create(two, project_name="two classes")
binary.analyze_and_model(target="class", mode=AUTOPILOT_MODE.MANUAL, positive_class=CLASSES[0])
expect("two classes", [binary.target_type, binary.positive_class], [TARGET_TYPE.BINARY, CLASSES[0]])
expect("no model by itself", binary.get_models(), [])
blueprints = binary.get_blueprints()
expect("blueprints", len(blueprints) >= 2, True)
model = wait_for_async_model_creation(binary.id, binary.train(blueprints[0]), max_wait=200)
expect("a trained model", [model.blueprint_id, model.metrics["LogLoss"]["validation"] < 0.7], [blueprints[0].id, True])
# Two are asked for, so that the second one waits.
binary.train(blueprints[0])
try:
    dr.ModelJob.get(binary.id, binary.train(blueprints[1])).cancel()
    print("ok a cancelled training")
except PendingJobFinished:
    print("ok a training that was too quick to be cancelled")

# Numbers and lists of labels, two image columns, and paths that begin with a dot.
numbers = pd.DataFrame(
    {"picture": [text_of(CLASSES[i % 3], i // 3) for i in range(30)], "height": [(i % 3) * 10 + i / 60 for i in range(30)]}
)
regression = dr.Project.create(numbers, project_name="numbers")
regression.analyze_and_model(target="height", mode=AUTOPILOT_MODE.QUICK)
wait(regression)
expect("a regression", [regression.target_type, regression.metric], [TARGET_TYPE.REGRESSION, "RMSE"])
expect("predicted numbers", regression.get_models()[0].metrics["RMSE"]["crossValidation"] < 5, True)

mixed = io.BytesIO()
with zipfile.ZipFile(mixed, "w") as file:
    lines = ["labels;left;right;size"]
    for i in range(24):
        first, second = CLASSES[i % 3], CLASSES[(i + 1) % 3]
        for name in {first, second}:
            if f"images/{name}-{i // 3}.png" not in file.namelist():
                file.writestr(f"images/{name}-{i // 3}.png", picture(name, i // 3))
        labels = f'"[""{first}"",""{second}""]"' if i % 2 else f'"[""{first}""]"'
        lines.append(f"{labels};./images/{first}-{i // 3}.png;images/{second}-{i // 3}.png;{i}")
    file.writestr("table.csv", "\n".join(lines))
mixed.seek(0)
labelled = dr.Project.create(mixed, project_name="labels")
labelled.analyze_and_model(target="labels", mode=AUTOPILOT_MODE.QUICK)
wait(labelled)
expect("several labels", [labelled.target_type, len(labelled.get_models()) >= 2], [TARGET_TYPE.MULTILABEL, True])


# Five projects at once.
def small(number):
    rows = [(name, text_of(name, i)) for name in CLASSES[:2] for i in range(4)]
    made = dr.Project.create(pd.DataFrame(rows, columns=["class", "image"]), project_name=f"small {number}")
    made.analyze_and_model(target="class", mode=AUTOPILOT_MODE.QUICK)
    wait(made)
    return made


with ThreadPoolExecutor(5) as pool:
    several = list(pool.map(small, range(5)))
expect("models of five projects", [len(each.get_models()) >= 2 for each in several], [True] * 5)

for made in (project, binary, regression, labelled, *several):
    made.delete()
    expect_refusal(f"{made.project_name} after its deletion", 404, lambda: dr.Project.get(made.id))
