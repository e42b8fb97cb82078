/** The program of the thread that does everything before the layout. */
import { prepare } from './preparation.js';
import { answerWith } from './thread-answer.js';

await answerWith(prepare);
