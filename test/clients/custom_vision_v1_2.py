"""The SDK that was generated from v1.2 of the API (0.1.0): the wire of the old portal's time, on the same projects."""
import os
import time
from pathlib import Path

from azure.cognitiveservices.vision.customvision.prediction.prediction_endpoint import PredictionEndpoint
from azure.cognitiveservices.vision.customvision.training.models import (
    ImageFileCreateEntry,
    ImageTagCreateEntry,
    PredictionQueryToken,
)
from azure.cognitiveservices.vision.customvision.training.training_api import TrainingApi
from msrest.exceptions import HttpOperationError

ENDPOINT, KEY = os.environ["ENDPOINT"], os.environ["KEY"]
CLASSES, COUNT = os.environ["CLASSES"].split(","), int(os.environ["COUNT"])
trainer = TrainingApi(KEY, base_url=f"{ENDPOINT}/customvision/v1.2/Training")
predictor = PredictionEndpoint(KEY, base_url=f"{ENDPOINT}/customvision/v1.1/Prediction")


def picture(name, number):
    return (Path(os.environ["PICTURES"]) / f"{name}-{number}.png").read_bytes()


def expect(what, found, wanted):
    assert found == wanted, f"{what}: {found!r}, wanted {wanted!r}"
    print(f"ok {what}")


def expect_status(what, wanted, action):
    try:
        action()
    except HttpOperationError as error:
        return expect(what, error.response.status_code, wanted)
    raise AssertionError(f"{what}: nothing was refused")


project = trainer.create_project(f"python v1.2 {time.time()}", description="from long ago")
expect("the project", trainer.get_project(project.id).description, "from long ago")
tags = {name: trainer.create_tag(project.id, name).id for name in CLASSES}
for name, tag in tags.items():
    one = trainer.create_images_from_data(project.id, picture(name, 0), tag_ids=[tag])
    expect(f"{name} as bytes", [image.status for image in one.images], ["OK"])
    entries = [ImageFileCreateEntry(name=f"{n}.png", contents=picture(name, n)) for n in range(1, COUNT - 2)]
    summary = trainer.create_images_from_files(project.id, images=entries, tag_ids=[tag])
    expect(f"{name} in a batch", summary.is_batch_successful, True)
listed = trainer.get_tags(project.id)
expect("tags with their counts", {tag.name: tag.image_count for tag in listed.tags}, dict.fromkeys(CLASSES, COUNT - 2))
expect("images with a tag", listed.total_tagged_images, len(CLASSES) * (COUNT - 2))
images = trainer.get_tagged_images(project.id, tag_ids=[tags[CLASSES[0]]], take=256)
expect("images with one tag", len(images), COUNT - 2)
trainer.delete_image_tags(project.id, [images[0].id], [tags[CLASSES[0]]])
expect("untagged", [image.id for image in trainer.get_untagged_images(project.id)], [images[0].id])
pairs = [ImageTagCreateEntry(image_id=images[0].id, tag_id=tags[CLASSES[0]])]
expect("tagged again", len(trainer.post_image_tags(project.id, tags=pairs).created), 1)

iteration = trainer.train_project(project.id)
while iteration.status not in ("Completed", "Failed"):
    time.sleep(0.5)
    iteration = trainer.get_iteration(project.id, iteration.id)
expect("the training", iteration.status, "Completed")
performance = trainer.get_iteration_performance(project.id, iteration.id, 0.5)
expect("tags that are measured", len(performance.per_tag_performance), len(CLASSES))
expect_status("no default iteration yet", 404, lambda: predictor.predict_image(project.id, picture("disc", 0)))
expect("the default one", trainer.update_iteration(project.id, iteration.id, is_default=True).is_default, True)
for name in CLASSES:
    result = predictor.predict_image(project.id, picture(name, COUNT - 1))
    expect(f"a prediction of {name}", result.predictions[0].tag, name)
stored = trainer.query_prediction_results(project.id, PredictionQueryToken(order_by="Newest", max_count=10))
expect("stored predictions", stored.results[0].id, result.id)
added = trainer.create_images_from_predictions(project.id, images=[{"id": result.id}], tag_ids=[tags[CLASSES[-1]]])
expect("a prediction to be trained on", added.images[0].status, "OK")
expect_status("an unknown tag", 404, lambda: trainer.get_tag(project.id, project.id))
trainer.update_iteration(project.id, iteration.id, is_default=False)
trainer.delete_project(project.id)
expect_status("the project is gone", 404, lambda: trainer.get_project(project.id))
