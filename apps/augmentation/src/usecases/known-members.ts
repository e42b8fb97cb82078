import type { TransformationSetting } from '@pentaprism/domain';

/** What clients add to their settings is kept in the list; workers need none of it. */
export function toKnownMembers({ name, enabled, params }: TransformationSetting) {
  return {
    name,
    ...(enabled === undefined ? {} : { enabled }),
    ...(params === undefined
      ? {}
      : {
          params: params.map(({ name, currentValue }) => ({
            name,
            ...(currentValue === undefined ? {} : { currentValue }),
          })),
        }),
  };
}
