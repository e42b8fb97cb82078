"""DataRobot's Python client (3.20): projects, targets, models, embeddings, activation maps and predictions."""
from concurrent.futures import ThreadPoolExecutor

import datarobot as dr
import pandas as pd
from datarobot.enums import AUTOPILOT_MODE, TARGET_TYPE
from datarobot.errors import PendingJobFinished
from datarobot.models.modeljob import wait_for_async_model_creation
from datarobot.models.visualai import DuplicateImage, Image, ImageActivationMap, ImageEmbedding, SampleImage
from datarobot_support import (
    CLASSES,
    COUNT,
    class_folders,
    expect,
    expect_refusal,
    job_of,
    messy_archive,
    picture,
    predict,
    text_of,
    wait,
    workspace,
    zipped,
)

# A catalog first: a messy archive, as people zip it, becomes a dataset and then a project.
archive = messy_archive(workspace / "shapes.zip")
dataset = dr.Dataset.create_from_file(file_path=str(archive))
project = dataset.create_project(project_name="shapes")
expect("the stage before the target", [project.stage, project.target], ["aim", None])
expect("samples before the target", len(SampleImage.list(project.id, "image")), len(CLASSES) * COUNT)
expect("the image that two rows have", [each.count for each in DuplicateImage.list(project.id, "image")], [2])

project.analyze_and_model(target="class", mode=AUTOPILOT_MODE.QUICK, worker_count=-1)
expect("the target", [project.stage, project.target, project.target_type], ["modeling", "class", "Multiclass"])
expect_refusal("a second target", 422, lambda: project.analyze_and_model(target="class"))
models = wait(project)
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
    job_of(project, insight.compute(project.id, model.id)).wait_for_completion(max_wait=200)
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
predicted = predict(project, keras, frame)
expect("a prediction for each row", list(predicted["row_id"]), list(range(len(frame))))
expect("predicted classes", list(predicted["prediction"])[: len(CLASSES)], CLASSES)
sums = predicted[[f"class_{name}" for name in CLASSES]].iloc[: len(CLASSES)].sum(axis=1)
expect("probabilities", [round(total, 4) for total in sums], [1.0] * len(CLASSES))

# A project of two classes in manual mode, from an archive without a name.
binary = dr.Project.create(zipped(class_folders(CLASSES[:2], 8)), project_name="two classes")
binary.analyze_and_model(target="class", mode=AUTOPILOT_MODE.MANUAL, positive_class=CLASSES[0])
expect("two classes", [binary.target_type, binary.positive_class], [TARGET_TYPE.BINARY, CLASSES[0]])
expect("no model by itself", binary.get_models(), [])
blueprints = binary.get_blueprints()
expect("blueprints", len(blueprints) >= 2, True)
model = wait_for_async_model_creation(binary.id, binary.train(blueprints[0]), max_wait=200)
expect("a trained model", [model.blueprint_id, model.metrics["LogLoss"]["validation"] < 0.7], [blueprints[0].id, True])
rows = [text_of(name, 11) for name in CLASSES[:2]]
predicted = predict(binary, model, pd.DataFrame({"image": rows}))
expect("predictions of two classes", list(predicted["prediction"]), CLASSES[:2])
expect("their positive class", [p > 0.5 for p in predicted["positive_probability"]], [True, False])


def cancel_one():
    """Returns the job of a training that was cancelled. Both blueprints are requested, so that the last one waits."""
    for _ in range(5):
        jobs = [binary.train(blueprint) for blueprint in blueprints[:2]]
        try:
            job = dr.ModelJob.get(binary.id, jobs[-1])
            job.cancel()
            return job
        except PendingJobFinished:
            for number in jobs:
                wait_for_async_model_creation(binary.id, number, max_wait=200)
    raise AssertionError("each of five trainings had ended before it could be cancelled")


cancelled = cancel_one()
cancelled.refresh()
expect("a cancelled training", cancelled.status, "ABORTED")
expect_refusal("a second cancel", 422, cancelled.cancel)

# Numbers and lists of labels, two image columns, and paths that begin with a dot.
numbers = pd.DataFrame(
    {"picture": [text_of(CLASSES[i % 3], i // 3) for i in range(30)], "height": [(i % 3) * 10 + i / 60 for i in range(30)]}
)
regression = dr.Project.create(numbers, project_name="numbers")
regression.analyze_and_model(target="height", mode=AUTOPILOT_MODE.QUICK)
fitted = wait(regression)[0]
expect("a regression", [regression.target_type, regression.metric], [TARGET_TYPE.REGRESSION, "RMSE"])
expect("the error of numbers", fitted.metrics["RMSE"]["crossValidation"] < 5, True)
predicted = predict(regression, fitted, pd.DataFrame({"picture": [text_of(name, 11) for name in CLASSES]}))
heights = [float(value) for value in predicted["prediction"]]
expect("predicted numbers", [abs(value - 10 * i) < 5 for i, value in enumerate(heights)], [True] * len(CLASSES))

lines = ["labels;left;right;size"]
for i in range(24):
    first, second = CLASSES[i % 3], CLASSES[(i + 1) % 3]
    labels = f'"[""{first}"",""{second}""]"' if i % 2 else f'"[""{first}""]"'
    lines.append(f"{labels};./images/{first}-{i // 3}.png;images/{second}-{i // 3}.png;{i}")
pictures = [(f"images/{name}-{i}.png", picture(name, i)) for name in CLASSES for i in range(8)]
labelled = dr.Project.create(zipped([*pictures, ("table.csv", "\n".join(lines))]), project_name="labels")
labelled.analyze_and_model(target="labels", mode=AUTOPILOT_MODE.QUICK)
several_labels = wait(labelled)[0]
expect("several labels", labelled.target_type, TARGET_TYPE.MULTILABEL)
kinds = {feature.name: feature.feature_type for feature in labelled.get_features()}
expect("two image columns", [kinds["left"], kinds["right"]], ["Image", "Image"])
# Each image column has positions and maps of its own.
job_of(labelled, ImageEmbedding.compute(labelled.id, several_labels.id)).wait_for_completion(max_wait=200)
columns = sorted(feature for _, feature in ImageEmbedding.models(labelled.id))
expect("embeddings of two columns", columns, ["left", "right"])


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
