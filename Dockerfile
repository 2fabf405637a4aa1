# hotshard's server. `docker build -t hotshard .`, then `docker run -p 3000:3000 hotshard --max-memory 1gb`.
#
# slim rather than alpine: Node.js publishes and tests its Linux builds against glibc; those for musl are experimental.
ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Scripts would build before the sources are there; no dependency needs any.
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY bin bin
COPY shards shards
COPY src src
RUN npm run build

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force

FROM ${NODE_IMAGE}
WORKDIR /app
# In a container the loopback address is reached by nobody.
ENV NODE_ENV=production HOTSHARD_HOST=0.0.0.0
COPY --from=dependencies /app/node_modules node_modules
COPY package.json LICENSE ./
COPY --from=build /app/dist/bin dist/bin
COPY --from=build /app/dist/shards dist/shards
COPY --from=build /app/dist/src dist/src
USER node
EXPOSE 3000
ENTRYPOINT ["node", "dist/bin/hotshard.js"]
# The port is the flag's, if `docker run` gave one, or the variable's.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 CMD node -e "\
  const flags = fs.readFileSync('/proc/1/cmdline', 'utf8').replaceAll('\0', ' ');\
  const flag = [...flags.matchAll(/ (?:--port|-p)[ =]?(\d+)/g)].at(-1)?.[1];\
  const { HOTSHARD_PORT, PROXY_PORT } = process.env;\
  const port = [flag, HOTSHARD_PORT, PROXY_PORT].find((text) => /^\d+$/.test(text)) ?? 3000;\
  fetch('http://127.0.0.1:' + port + '/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1));"
