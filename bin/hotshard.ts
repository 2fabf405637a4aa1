#!/usr/bin/env node
/** The program: does what its command line asks for, as a process. */
import { runProgram } from './program.js';

const code = await runProgram(process.argv.slice(2), process);
// Not only `exitCode`: a server that failed to start may have left something open, such as its connections to Redis.
if (code !== 0) process.exit(code);
