// What packages for Node expect to be there.
import { Buffer } from 'buffer';
import process from 'process/browser.js';

export { Buffer, process };
