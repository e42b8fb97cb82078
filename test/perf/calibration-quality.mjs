const BINS = 10;
/** Probabilities are cut here, as in the metric of models. */
const LEAST = 2 ** -23;

/**
 * Returns LogLoss, accuracy and expected calibration error.
 *
 * @param {readonly number[]} classes the right class of each row
 * @param {readonly (readonly number[])[]} probabilities of all classes, for each row
 */
export function qualityOf(classes, probabilities) {
  const count = classes.length;
  const losses = probabilities.map((own, row) => -Math.log(Math.max(LEAST, own[classes[row]])));
  const error = binsOf(classes, probabilities)
    .filter(({ rows }) => rows > 0)
    .reduce((sum, { rows, confidence, accuracy }) => sum + (rows / count) * Math.abs(confidence - accuracy), 0);
  return { loss: sumOf(losses) / count, accuracy: sumOf(isRight(classes, probabilities)) / count, error };
}

/** Divides rows by the probability of their most probable class. Means of a bin without rows are NaN. */
export function binsOf(classes, probabilities) {
  const right = isRight(classes, probabilities);
  return Array.from({ length: BINS }, (_, bin) => {
    const own = [...probabilities.keys()].filter((row) => {
      const highest = Math.max(...probabilities[row]);
      return Math.min(BINS - 1, Math.floor(highest * BINS)) === bin;
    });
    const mean = (of) => (own.length === 0 ? NaN : sumOf(own.map(of)) / own.length);
    return {
      rows: own.length,
      confidence: mean((row) => Math.max(...probabilities[row])),
      accuracy: mean((row) => right[row]),
    };
  });
}

const isRight = (classes, probabilities) =>
  probabilities.map((own, row) => Number(own.indexOf(Math.max(...own)) === classes[row]));

const sumOf = (numbers) => numbers.reduce((sum, each) => sum + each, 0);
