"""The current Custom Vision SDK for Python (3.1.1), from an empty project to a prediction that is trained on."""
import io
import os
import time
import urllib.request
import zipfile
from pathlib import Path

import numpy
import onnx
import onnxruntime
import PIL.Image
from azure.cognitiveservices.vision.customvision.prediction import CustomVisionPredictionClient
from azure.cognitiveservices.vision.customvision.training import CustomVisionTrainingClient
from azure.cognitiveservices.vision.customvision.training.models import (
    CustomVisionErrorException,
    ImageFileCreateBatch,
    ImageFileCreateEntry,
    ImageIdCreateBatch,
    ImageIdCreateEntry,
    ImageTagCreateEntry,
)
from msrest.authentication import ApiKeyCredentials

ENDPOINT, KEY = os.environ["ENDPOINT"], os.environ["KEY"]
CLASSES, COUNT = os.environ["CLASSES"].split(","), int(os.environ["COUNT"])
trainer = CustomVisionTrainingClient(ENDPOINT, ApiKeyCredentials(in_headers={"Training-key": KEY}))
predictor = CustomVisionPredictionClient(ENDPOINT, ApiKeyCredentials(in_headers={"Prediction-key": KEY}))


def picture(name, number):
    return (Path(os.environ["PICTURES"]) / f"{name}-{number}.png").read_bytes()


def expect(what, found, wanted):
    assert found == wanted, f"{what}: {found!r}, wanted {wanted!r}"
    print(f"ok {what}")


def expect_code(what, wanted, action):
    try:
        action()
    except CustomVisionErrorException as error:
        return expect(what, error.error.code, wanted)
    raise AssertionError(f"{what}: nothing was refused")


domains = {domain.name: domain for domain in trainer.get_domains()}
project = trainer.create_project(
    f"python {time.time()}", domain_id=domains["General (compact)"].id, classification_type="Multiclass"
)
tags = {name: trainer.create_tag(project.id, name).id for name in CLASSES}
for name, tag in tags.items():
    # bytes: a part with neither a file name nor a type.
    first = trainer.create_images_from_data(project.id, picture(name, 0), tag_ids=[tag])
    expect(f"{name} as bytes", [image.status for image in first.images], ["OK"])
    entries = [ImageFileCreateEntry(name=f"{n}.png", contents=picture(name, n)) for n in range(COUNT - 2)]
    summary = trainer.create_images_from_files(project.id, ImageFileCreateBatch(images=entries, tag_ids=[tag]))
    statuses = [image.status for image in summary.images]
    expect(f"{name} in a batch, the first again", statuses, ["OKDuplicate"] + ["OK"] * (COUNT - 3))
total = len(CLASSES) * (COUNT - 2)
expect("images", trainer.get_tagged_image_count(project.id), total)
page = trainer.get_tagged_images(project.id, tag_ids=[tags[CLASSES[0]]], take=256)
expect("images with one tag", len(page), COUNT - 2)
with urllib.request.urlopen(next(image for image in page).original_image_uri) as answer:
    expect("an original without a key", answer.read()[:4], b"\x89PNG")
untagged = page[0].id
trainer.delete_image_tags(project.id, [untagged], list(tags.values()))
expect("untagged", [image.id for image in trainer.get_untagged_images(project.id)], [untagged])
again = trainer.create_image_tags(project.id, tags=[ImageTagCreateEntry(image_id=untagged, tag_id=tags[CLASSES[0]])])
expect("tagged again", len(again.created), 1)

iteration = trainer.train_project(project.id)
while iteration.status not in ("Completed", "Failed"):
    time.sleep(0.5)
    iteration = trainer.get_iteration(project.id, iteration.id)
expect("the training", iteration.status, "Completed")
expect_code("the same again", "BadRequestTrainingNotNeeded", lambda: trainer.train_project(project.id))
performance = trainer.get_iteration_performance(project.id, iteration.id, threshold=0.5)
expect("precision of obvious pictures", performance.precision > 0.9, True)
expect("tags that are measured", {tag.id for tag in performance.per_tag_performance}, set(tags.values()))
expect("published", trainer.publish_iteration(project.id, iteration.id, "model 1", "/subscriptions/here"), True)
for name in CLASSES:
    result = predictor.classify_image(project.id, "model 1", picture(name, COUNT - 1))
    expect(f"a prediction of {name}", result.predictions[0].tag_name, name)
batch = ImageIdCreateBatch(images=[ImageIdCreateEntry(id=result.id)], tag_ids=[tags[CLASSES[-1]]])
expect("a prediction to be trained on", trainer.create_images_from_predictions(project.id, batch).images[0].status, "OK")

trainer.export_iteration(project.id, iteration.id, "ONNX")
while (export := trainer.get_exports(project.id, iteration.id)[0]).status == "Exporting":
    time.sleep(0.5)
expect("the export", export.status, "Done")
with urllib.request.urlopen(export.download_uri) as answer:
    archive = zipfile.ZipFile(io.BytesIO(answer.read()))
labels = archive.read("labels.txt").decode().splitlines()


def preprocess(name, model, session):
    """The picture as the published sample for ONNX exports writes it, by what the model says of its input."""
    (entry,) = session.get_inputs()
    dtype = {"tensor(float)": numpy.float32, "tensor(float16)": numpy.float16}[entry.type]
    words = {prop.key: prop.value for prop in model.metadata_props}
    image = PIL.Image.open(io.BytesIO(picture(name, COUNT - 1))).convert("RGB").resize(entry.shape[2:])
    planes = numpy.array(image, dtype=numpy.float32)[numpy.newaxis].transpose((0, 3, 1, 2))
    if words["Image.BitmapPixelFormat"] == "Bgr8":
        planes = planes[:, (2, 1, 0), :, :]
    if words["Image.NominalPixelRange"] != "NominalRange_0_255":
        planes = planes / 255
    return {entry.name: planes.astype(dtype)}


def check_onnx(archive, flavor):
    content = archive.read("model.onnx")
    model, session = onnx.load_from_string(content), onnxruntime.InferenceSession(content)
    for name in CLASSES:
        (probabilities,) = session.run(None, preprocess(name, model, session))
        expect(f"ONNX {flavor}: a prediction of {name}", labels[int(numpy.argmax(probabilities[0]))], name)


check_onnx(archive, "without a flavor")
for flavor in ("ONNX12", "ONNXFloat16"):
    trainer.export_iteration(project.id, iteration.id, "ONNX", flavor=flavor)
    find = lambda: next(each for each in trainer.get_exports(project.id, iteration.id) if each.flavor == flavor)
    while find().status == "Exporting":
        time.sleep(0.5)
    with urllib.request.urlopen(find().download_uri) as answer:
        check_onnx(zipfile.ZipFile(io.BytesIO(answer.read())), flavor)

expect_code("a published one stays", "BadRequestIterationIsPublished", lambda: trainer.delete_project(project.id))
trainer.unpublish_iteration(project.id, iteration.id)
trainer.delete_project(project.id)
expect_code("the project is gone", "NotFoundProject", lambda: trainer.get_project(project.id))
