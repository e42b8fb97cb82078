import { z } from 'zod';

/** The answers as the OpenAPI document shows them. */
export const runNames = z.array(z.string());

export const environment = z.object({
  version: z.string(),
  data_location: z.string(),
  window_title: z.string(),
  experiment_name: z.string(),
  experiment_description: z.string(),
  creation_time: z.number(),
});

export const logdir = z.object({ logdir: z.string() });
export const windowProperties = z.object({ window_title: z.string() });

export const pluginsListing = z.object({
  images: z.object({
    disable_reload: z.boolean(),
    enabled: z.boolean(),
    remove_dom: z.boolean(),
    tab_name: z.string(),
    loading_mechanism: z.object({ type: z.string(), element_name: z.string() }),
  }),
});

export const tags = z.record(
  z.string(),
  z.record(z.string(), z.object({ displayName: z.string(), description: z.string(), samples: z.int() })),
);

export const imageList = z.array(
  z.object({
    wall_time: z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]),
    step: z.number(),
    query: z.string(),
    width: z.int(),
    height: z.int(),
  }),
);

export const problems = z.object({
  problems: z.array(z.object({ run: z.string(), file: z.string(), problem: z.string() })),
  next: z.string().nullable(),
});
