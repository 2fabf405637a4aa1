export * from '../shards/index.js';
