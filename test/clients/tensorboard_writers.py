"""Runs as the writers of event files write them: by themselves where PyPI has them small enough, else field by field."""
import io
import os
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.image import metadata
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util import tensor_util
from tensorboardX import SummaryWriter
from tensorboardX.proto.summary_pb2 import Summary

matplotlib.use("Agg")
from matplotlib import pyplot

STEPS = 14


def pixels(seed, shape=(3, 9, 16)):
    """Returns random numbers from 0 to 1, the same for a seed."""
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def png(seed, height=9, width=16):
    target = io.BytesIO()
    Image.fromarray((pixels(seed, (height, width, 3)) * 255).astype(np.uint8)).save(target, "PNG")
    return target.getvalue()


def gif(seed):
    frames = [Image.fromarray((pixels(seed + n, (8, 8)) * 255).astype(np.uint8)) for n in range(3)]
    target = io.BytesIO()
    frames[0].save(target, "GIF", save_all=True, append_images=frames[1:])
    return target.getvalue()


def tensorboardx(directory):
    """PyTorch's writer began as this one, and encodes pictures as it does."""
    with SummaryWriter(str(directory), purge_step=0) as writer:
        for step in range(STEPS):
            hwc = pixels(step).transpose(1, 2, 0)
            writer.add_image("layouts/chw", pixels(step), step)
            writer.add_image("layouts/hwc", hwc, step, dataformats="HWC")
            writer.add_image("layouts/hw", hwc[:, :, 0], step, dataformats="HW")
            writer.add_image("layouts/uint8", (pixels(step) * 255).astype(np.uint8), step)
            writer.add_images("grid", pixels(step, (5, 3, 6, 7)), step)
            writer.add_scalar("loss", 1 / (step + 1), step)
        figure = pyplot.figure(figsize=(2, 1))
        figure.gca().plot([1, 3, 2])
        writer.add_figure("figure", figure, 0)
        writer.add_image_with_boxes("boxes", pixels(0), np.array([[1, 1, 9, 6]]), 0)
        # Its `add_video` puts a GIF into this field, and needs FFmpeg for that.
        image = Summary.Image(height=8, width=8, colorspace=3, encoded_image_string=gif(1))
        writer.file_writer.add_summary(Summary(value=[Summary.Value(tag="video", image=image)]), 0)


def tensorboardx_restarted(directory):
    """A training that crashed at step 9 and was begun again at step 6."""
    for first, last in ((0, 9), (6, 12)):
        with SummaryWriter(str(directory), purge_step=first, filename_suffix=f".{first}") as writer:
            for step in range(first, last):
                writer.add_image("sample", pixels(100 * first + step), step)


def write(directory, events, suffix=""):
    """Writes events of wall time, step and values with the writer of the package `tensorboard`."""
    writer = EventFileWriter(str(directory), filename_suffix=suffix)
    for wall_time, step, values in events:
        summary = summary_pb2.Summary(value=values)
        writer.add_event(event_pb2.Event(wall_time=wall_time, step=step, summary=summary))
    writer.close()


def old_image(tag, data, width=16, height=9):
    image = summary_pb2.Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=data)
    return summary_pb2.Summary.Value(tag=tag, image=image)


def new_images(tag, pictures, description=None, width=16, height=9):
    tensor = tensor_util.make_tensor_proto([str(width).encode(), str(height).encode(), *pictures])
    about = metadata.create_summary_metadata(display_name=None, description=description)
    return summary_pb2.Summary.Value(tag=tag, tensor=tensor, metadata=about)


def tensorflow1(directory):
    """`tf.summary.image` of TensorFlow 1: a tag for each image."""
    events = []
    for step in range(0, 10 * STEPS, 10):
        several = [old_image(f"batch/image/{n}", png(step + n)) for n in range(3)]
        events.append((1700000000 + step, step, [old_image("input/image", png(step)), *several]))
    write(directory, events)


def tensorflow2(directory, runs=("train", "validation")):
    """`tf.summary.image` of TensorFlow 2, as Keras, Flax and CLU call it: all images of a step in a value."""
    for seed, run in enumerate(runs):
        events = []
        for step in range(STEPS):
            # Only the first value of a tag has metadata.
            value = new_images("epoch images", [png(50 * seed + step), png(7 * step)], "Two *augmented* samples.")
            if step > 0:
                value.ClearField("metadata")
            events.append((1700001000.25 + step, step, [value]))
        write(directory / run, events, suffix=".v2")


def lightning(directory):
    """A run beside the hyperparameters of it."""
    for version in range(2):
        run = directory / "lightning_logs" / f"version_{version}"
        run.mkdir(parents=True)
        (run / "hparams.yaml").write_text("learning_rate: 0.01\n")
        with SummaryWriter(str(run)) as writer:
            for step in range(0, 500, 50):
                writer.add_image("generated_images", pixels(version + step, (3, 12, 12)), step)


def hugging_face(directory):
    """A run below `runs`, with a directory of hyperparameters in it."""
    run = directory / "runs" / "Nov30_12-00-00_host"
    with SummaryWriter(str(run)) as writer:
        writer.add_text("args", "{}")
        writer.add_image("eval/predictions", pixels(3), 500)
    with SummaryWriter(str(run / "1700000000.5")) as writer:
        writer.add_text("hparams", "{}")


def several_ranks(directory):
    """Two writers in one run, as distributed trainings have."""
    for rank in range(2):
        with SummaryWriter(str(directory), filename_suffix=f".rank{rank}") as writer:
            for step in range(STEPS):
                writer.add_image(f"rank {rank}", pixels(1000 * rank + step), step)


WRITERS = [tensorboardx, tensorboardx_restarted, tensorflow1, tensorflow2, lightning, hugging_face, several_ranks]


def write_runs(root):
    """Writes a directory for each of the writers."""
    for writer in WRITERS:
        directory = Path(root) / writer.__name__
        os.makedirs(directory)
        writer(directory)
