import { TARGET_TYPES, type TargetType } from './metric.js';

/** What a blueprint uses besides the embeddings of the images. */
export const BLUEPRINT_NEEDS = ['nothing', 'augmentation', 'otherColumns'] as const;
export type BlueprintNeed = (typeof BLUEPRINT_NEEDS)[number];

/** How a head is fitted. `keras`: a dense layer in TensorFlow.js, whose interface is that of Keras. */
export const BLUEPRINT_METHODS = ['keras', 'nearest-mean', 'ridge'] as const;
export type BlueprintMethod = (typeof BLUEPRINT_METHODS)[number];

/** How a candidate model is made. */
export interface Blueprint {
  readonly id: string;
  /** The name of the resulting models. */
  readonly modelType: string;
  /** The steps, in the order in which a row passes them. */
  readonly processes: readonly string[];
  readonly needs: BlueprintNeed;
  readonly method: BlueprintMethod;
  readonly targetTypes: readonly TargetType[];
}

const CLASSIFICATION = TARGET_TYPES.filter((type) => type !== 'regression');
const REGRESSION: readonly TargetType[] = ['regression'];
const IMAGES = 'EfficientNet-Lite0 image features';
const FEATURISER = 'Pretrained EfficientNet-Lite0 Image Featurizer';
const ENCODING = 'One-Hot Encoding';
const SCALING = 'Standardization per column';

/** All blueprints. At least two fit each type of target, whatever the table contains. */
export const BLUEPRINTS = [
  {
    id: 'keras-linear-classifier',
    modelType: `Keras Linear Classifier on ${IMAGES}`,
    processes: [FEATURISER, SCALING, 'Keras Linear Classifier', 'Calibration by temperature'],
    needs: 'nothing',
    method: 'keras',
    targetTypes: CLASSIFICATION,
  },
  {
    id: 'nearest-mean-classifier',
    modelType: `Nearest Class Mean Classifier on ${IMAGES}`,
    processes: [FEATURISER, SCALING, 'Nearest Class Mean Classifier', 'Calibration by temperature'],
    needs: 'nothing',
    method: 'nearest-mean',
    targetTypes: CLASSIFICATION,
  },
  {
    id: 'keras-linear-classifier-augmented',
    modelType: `Keras Linear Classifier on ${IMAGES} with image augmentation`,
    processes: ['Image Augmentation', FEATURISER, SCALING, 'Keras Linear Classifier', 'Calibration by temperature'],
    needs: 'augmentation',
    method: 'keras',
    targetTypes: CLASSIFICATION,
  },
  {
    id: 'keras-linear-classifier-all-columns',
    modelType: `Keras Linear Classifier on ${IMAGES} and other columns`,
    processes: [FEATURISER, ENCODING, SCALING, 'Keras Linear Classifier', 'Calibration by temperature'],
    needs: 'otherColumns',
    method: 'keras',
    targetTypes: CLASSIFICATION,
  },
  {
    id: 'keras-linear-regressor',
    modelType: `Keras Linear Regressor on ${IMAGES}`,
    processes: [FEATURISER, SCALING, 'Keras Linear Regressor'],
    needs: 'nothing',
    method: 'keras',
    targetTypes: REGRESSION,
  },
  {
    id: 'ridge-regressor',
    modelType: `Ridge Regressor on ${IMAGES}`,
    processes: [FEATURISER, SCALING, 'Ridge Regressor'],
    needs: 'nothing',
    method: 'ridge',
    targetTypes: REGRESSION,
  },
  {
    id: 'ridge-regressor-augmented',
    modelType: `Ridge Regressor on ${IMAGES} with image augmentation`,
    processes: ['Image Augmentation', FEATURISER, SCALING, 'Ridge Regressor'],
    needs: 'augmentation',
    method: 'ridge',
    targetTypes: REGRESSION,
  },
  {
    id: 'ridge-regressor-all-columns',
    modelType: `Ridge Regressor on ${IMAGES} and other columns`,
    processes: [FEATURISER, ENCODING, SCALING, 'Ridge Regressor'],
    needs: 'otherColumns',
    method: 'ridge',
    targetTypes: REGRESSION,
  },
] as const satisfies readonly Blueprint[];

export interface BlueprintQuery {
  readonly targetType: TargetType;
  /** Whether the project has an augmentation list for its trainings. */
  readonly hasAugmentation: boolean;
  /** Whether the table has columns other than images and the target. False for a table without image columns. */
  readonly hasOtherColumns: boolean;
}

/** Returns the blueprints that fit a target, the default one first. */
export function blueprintsFor({ targetType, hasAugmentation, hasOtherColumns }: BlueprintQuery): Blueprint[] {
  const available = { nothing: true, augmentation: hasAugmentation, otherColumns: hasOtherColumns };
  const all: readonly Blueprint[] = BLUEPRINTS;
  return all.filter(({ needs, targetTypes }) => available[needs] && targetTypes.includes(targetType));
}

/** Returns whether models of a blueprint use columns other than images. Without image columns, those of every blueprint do. */
export function usesOtherColumns(blueprint: Blueprint | undefined, imageColumns: number): boolean {
  return blueprint?.needs === 'otherColumns' || imageColumns === 0;
}

/**
 * Returns the name and the steps of models that a blueprint makes. Those of a table without image columns have no images in
 * them, and use the other columns.
 */
export function describeModels(
  { modelType, processes }: Pick<Blueprint, 'modelType' | 'processes'>,
  imageColumns: number,
): Pick<Blueprint, 'modelType' | 'processes'> {
  if (imageColumns > 0) return { modelType, processes };
  const steps = processes.filter((step) => step !== FEATURISER && step !== ENCODING);
  return { modelType: modelType.replace(` on ${IMAGES}`, ''), processes: [ENCODING, ...steps] };
}

/** Returns the blueprint with this id; undefined if there is none. */
export function blueprintOf(id: string): Blueprint | undefined {
  return BLUEPRINTS.find((blueprint) => blueprint.id === id);
}
