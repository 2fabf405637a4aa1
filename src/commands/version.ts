/** Whose commands these are: clients and tools compare it to know what they may ask. hotshard's own version is in `INFO`. */
export const REDIS_VERSION = '7.4.0';
