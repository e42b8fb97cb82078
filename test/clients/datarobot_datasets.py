"""DataRobot's Python client (3.20): datasets from an archive, a table and a data frame, their features and quality log."""
import io

import datarobot as dr
import pandas as pd
from datarobot.errors import AsyncProcessUnsuccessfulError
from datarobot.models.dataset import DatasetDetails
from datarobot_support import (
    CLASSES,
    COUNT,
    client,
    expect,
    expect_refusal,
    features_of,
    messy_archive,
    text_of,
    workspace,
)

archive = messy_archive(workspace / "shapes.zip")
rows = len(CLASSES) * COUNT + 2
shapes = dr.Dataset.create_from_file(file_path=str(archive), categories=["TRAINING"])
expect("an archive by its path", [shapes.name, shapes.row_count, shapes.categories], ["shapes.zip", rows, ["TRAINING"]])
expect("its state", [shapes.processing_state, shapes.is_latest_version, shapes.is_snapshot], ["COMPLETED", True, True])
expect("its features", features_of(shapes), {"class": "Categorical", "image": "Image"})
[kind, image] = shapes.get_all_features(order_by="name")
expect("values of the class", [kind.name, kind.unique_count, kind.na_count], ["class", len(CLASSES), 0])
details = shapes.get_details()
expect("its details", [type(details), details.error, details.feature_count], [DatasetDetails, "", 2])
expect("no projects of it", shapes.get_projects(), [])
frame = shapes.get_as_dataframe()
expect("its rows", [list(frame.columns), len(frame)], [["class", "image"], rows])
expect("rows of each class", sorted(frame["class"].value_counts().index), sorted(CLASSES))

# No class of the client reads the log: its REST session does.
log = client.get(f"datasets/{shapes.id}/imagesDataQualityLog/").json()
expect("lines of the log", [log["count"], log["next"]], [log["totalCount"], None])
expect("a line about half a picture", sum("half.png" in line and "column image" in line for line in log["data"]), 1)
expect("a line about a picture that is there twice", sum("twice.png" in line for line in log["data"]), 1)
lines, url = [], f"datasets/{shapes.id}/imagesDataQualityLog/?limit=1"
while url:
    page = client.get(url, join_endpoint=not url.startswith("http")).json()
    lines, url = lines + page["data"], page["next"]
expect("the log line by line", lines, log["data"])
text = client.get(f"datasets/{shapes.id}/imagesDataQualityLog/file/")
expect("the log as a file", text.content.decode().splitlines(), log["data"])
findings = client.get(f"datasets/{shapes.id}/findings/").json()["data"]
expect("findings for programs", len(findings), len(lines))

# A file object without a name is sent as data.csv, whatever is in it. An open file is sent with its local path.
with open(archive, "rb") as file:
    opened = dr.Dataset.create_from_file(filelike=io.BytesIO(file.read()))
expect("an archive without a name", [opened.name, features_of(opened)], ["data.csv", features_of(shapes)])
with open(archive, "rb") as file:
    path = dr.Dataset.upload(file)
expect("an open archive", path.name, "shapes.zip")

table = workspace / "größen.csv"
table.write_text("name;height\nada;1.5\nalan;1.75\n", encoding="utf-8")
sizes = dr.Dataset.upload(str(table))
expect("a table", [sizes.name, sizes.row_count, features_of(sizes)["height"]], ["größen.csv", 2, "Numeric"])

texts = [text_of(name, number) for name in CLASSES for number in range(3)]
labels = [name for name in CLASSES for _ in range(3)]
framed = dr.Dataset.create_from_in_memory_data(data_frame=pd.DataFrame({"picture": texts, "label": labels}))
expect("a data frame of base64", [framed.row_count, features_of(framed)["picture"]], [len(texts), "Image"])

listed = [dataset.id for dataset in dr.Dataset.list()]
expect("all datasets, newest first", listed, [each.id for each in (framed, sizes, path, opened, shapes)])
paged = [dataset.id for dataset in dr.Dataset.iterate(limit=2, order_by="created", filter_failed=True)]
expect("page by page, oldest first", paged, listed[::-1])
expect("by category", [each.id for each in dr.Dataset.list(category="TRAINING")], [shapes.id])
framed.modify(name="Bilder", categories=["PREDICTION"])
expect("a new name", [framed.name, framed.categories], ["Bilder", ["PREDICTION"]])
framed.modify(categories=[])
expect("no categories", dr.Dataset.get(framed.id).categories, [])

broken = workspace / "broken.zip"
broken.write_bytes(archive.read_bytes()[:1000])
try:
    dr.Dataset.create_from_file(file_path=str(broken), max_wait=60)
    raise AssertionError("half an archive became a dataset")
except AsyncProcessUnsuccessfulError as error:
    expect("half an archive", "cut off" in str(error), True)
empty = workspace / "empty.csv"
empty.write_bytes(b"")
expect_refusal("an empty file", 422, lambda: dr.Dataset.create_from_file(file_path=str(empty)), "empty")
for url in ("file:///etc/passwd", "http://10.0.0.1/shapes.zip"):
    expect_refusal(url, 422, lambda: dr.Dataset.create_from_url(url))
expect_refusal("an unknown dataset", 404, lambda: dr.Dataset.get("0" * 24))
expect_refusal("a malformed id", 404, lambda: dr.Dataset.get("shapes"))
expect_refusal("the log of an unknown dataset", 404, lambda: client.get(f"datasets/{'0' * 24}/imagesDataQualityLog/"))
expect_refusal("a wrong order", 422, lambda: dr.Dataset.list(order_by="size"))
expect_refusal("a name that is too long", 422, lambda: sizes.modify(name="x" * 256))
for dataset in (framed, sizes, path, opened, shapes):
    dr.Dataset.delete(dataset.id)
    expect_refusal(f"{dataset.name} after its deletion", 404, lambda: dr.Dataset.get(dataset.id))
expect("nothing left", dr.Dataset.list(), [])
