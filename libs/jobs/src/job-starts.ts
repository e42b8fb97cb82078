import { systemDate } from '@pentaprism/domain';

/** Share of a job by which a start has to get further than all before it, so that the job may be started as often again. */
const FURTHER = 0.01;

/**
 * Returns the update for progress and a sign of life. Starts count towards `MAX_JOB_STARTS` only as long as none gets further: a worker
 * that is lost again and again must not end a long job, and a job that loses its worker at the same place each time must end.
 *
 * @param progress from 0 to 1, of the running attempt
 */
export function furthered(progress: number) {
  const known = { $ifNull: ['$furthest', 0] };
  const isFurther = { $gte: [progress, { $add: [known, FURTHER] }] };
  return [
    {
      $set: {
        heartbeatAt: systemDate(),
        progress: { $max: ['$progress', progress] },
        furthest: { $cond: [isFurther, progress, known] },
        starts: { $cond: [isFurther, 1, '$starts'] },
      },
    },
  ];
}
