import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { asDomainError } from '@pentaprism/database';
import { throwError, type Observable } from 'rxjs';

/**
 * Hands exceptions on to the bus as domain errors: Nest's own filter would hide them behind "Internal server error".
 * Faults of the database become UNAVAILABLE here, so that no handler has to think of them.
 */
@Catch()
export class DomainErrorFilter implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => asDomainError(error));
  }
}
