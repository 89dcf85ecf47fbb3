# One image for every process of the product; the command says which:
#
#   node --enable-source-maps api/dist/main.js        (the default)
#   node --enable-source-maps listener/dist/main.js
#   node prisma/dist/migrate-main.js
#
# Where there is no Docker, npm test -- tests/dockerfile runs these steps in a clean folder.

# Of the versions that run the project (package.json, "engines"), the one that runs its tests.
FROM node:20.20-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY prisma/package.json prisma/
COPY stream/package.json stream/
COPY runtime/package.json runtime/
COPY listener/package.json listener/
COPY api/package.json api/

# What the processes import. npm takes Prisma's CLI for an optional package of its client: without "optional" it stays away.
# No package has to run a script when it is installed.
FROM packages AS dependencies
RUN npm ci --ignore-scripts --omit=dev --omit=optional --workspace=api --workspace=listener

FROM packages AS build
COPY dev/package.json dev/
COPY bench/package.json bench/
COPY clients/sdk/package.json clients/sdk/
COPY clients/board/package.json clients/board/
COPY clients/urql/package.json clients/urql/
COPY clients/apollo/package.json clients/apollo/
RUN npm ci --ignore-scripts
COPY . .
ENV CHECKPOINT_DISABLE=1
RUN npm run generate --workspace=prisma
RUN npx tsc -b api listener

FROM node:20.20-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app ./
# The one optional package that is needed: argon2, compiled for this platform.
COPY --from=build /app/node_modules/@node-rs node_modules/@node-rs
COPY --from=build /app/prisma/migrations prisma/migrations
COPY --from=build /app/prisma/dist prisma/dist
COPY --from=build /app/stream/dist stream/dist
COPY --from=build /app/runtime/dist runtime/dist
COPY --from=build /app/listener/dist listener/dist
COPY --from=build /app/api/dist api/dist
COPY docker/health-check.mjs docker/
# The files stay root's: a process cannot change the code it runs.
USER node
EXPOSE 4000 4001
# As process 1 without an init: the processes end in order on SIGTERM by themselves, and start no others.
CMD ["node", "--enable-source-maps", "api/dist/main.js"]
