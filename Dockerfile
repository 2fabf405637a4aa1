# hotshard's server. `docker build -t hotshard .`, then `docker run -p 3000:3000 hotshard --max-memory 1gb`.
#
# slim rather than alpine: Node.js publishes and tests its Linux builds against glibc; those for musl are experimental.
ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Scripts would build before the sources are there; no dependency needs any.
RUN npm ci --ignore-scripts
COPY tsconfig.json LICENSE ./
COPY bin bin
COPY shards shards
COPY src src
# What npm would publish, as package/: no benchmarks that need development dependencies, no tests.
RUN npm run build && npm pack --ignore-scripts && tar -xzf hotshard-*.tgz

# For `docker compose --profile test run --rm tests`: the end-to-end tests, against servers in other containers.
FROM build AS test
COPY .taprc ./
COPY test test
RUN npm run build && npx tap build
USER node
CMD ["node", "dist/test/end-to-end.test.js"]

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="hotshard" \
  org.opencontainers.image.description="Low-latency key-value cache over HTTP" \
  org.opencontainers.image.licenses="MIT"
# A place for `--snapshot /data/map` that the server may write to; so may a volume that is mounted there.
RUN mkdir /data && chown node:node /data
WORKDIR /app
# In a container the loopback address is reached by nobody.
ENV NODE_ENV=production HOTSHARD_HOST=0.0.0.0
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/package ./
USER node
# HTTP, and the port to give `--resp-port` where the Redis protocol is wanted.
EXPOSE 3000 6379
# The server gets the signals itself: `docker stop` drains it. Flags after the image's name are its flags.
ENTRYPOINT ["node", "dist/bin/hotshard.js"]
# Port and TLS are the flag's, if `docker run` gave one, or the variable's. Nothing is trusted that the answer would say.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 CMD node -e "\
  const flags = fs.readFileSync('/proc/1/cmdline', 'utf8').replaceAll('\0', ' ');\
  const flag = [...flags.matchAll(/ (?:--port|-p)[ =]?(\d+)/g)].at(-1)?.[1];\
  const { HOTSHARD_PORT, PROXY_PORT, HOTSHARD_TLS_CERT } = process.env;\
  const port = [flag, HOTSHARD_PORT, PROXY_PORT].find((text) => /^\d+$/.test(text)) ?? 3000;\
  const client = HOTSHARD_TLS_CERT || flags.includes(' --tls-cert') ? https : http;\
  client.get({ port, host: '127.0.0.1', path: '/healthz', rejectUnauthorized: false },\
    ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1));"
