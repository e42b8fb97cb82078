import { expect } from '@jest/globals';
import { json, type Answer } from './http.js';

/** An error in the shape of these APIs, which tells nothing of what is behind them. */
export function expectRefusal(answer: Answer, status: number, code: string): void {
  expect({ status: answer.status, body: json(answer) }).toEqual({
    status,
    body: { code, message: expect.any(String) },
  });
  expect(answer.headers['content-type']).toBe('application/json');
  expect(answer.bytes.toString()).not.toMatch(/node_modules|\/home|at Object|127\.0\.0\.1|mongo|nats/i);
}
