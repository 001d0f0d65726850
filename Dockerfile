# syntax=docker/dockerfile:1
# The Node that package.json pins; tests/compose.test.ts holds the two together. Debian, not Alpine: Temporal's native part needs glibc.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
ENV npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false
# Packages before sources: a changed source does not fetch them again.
COPY package.json package-lock.json ./
# Temporal's native part comes for five platforms, of which one is kept. ./riskflow looks for the project's own Node, a dev dependency;
# here that is the Node of the image.
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev \
  && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 \
    ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -r {} + \
  && ln -s /usr/local/bin/node node_modules/.bin/node
COPY . .
# So that workers need not bundle the workflow code when they start.
RUN npm run --if-present bundle

FROM node:24.21.0-bookworm-slim
LABEL org.opencontainers.image.title=riskflow org.opencontainers.image.licenses=Apache-2.0
# ./riskflow is one process with Node, which as number one gets signals but buries no orphans: compose starts it with `init: true`.
WORKDIR /app
COPY --from=build /app /app
ENV NODE_ENV=production \
  NODE_COMPILE_CACHE=/var/cache/riskflow \
  RISKFLOW_DATA=/data \
  PATH=/app:$PATH
# What is in the cache is run: nobody else may write there.
RUN install --directory --owner=node --group=node /data \
  && install --directory --mode=700 --owner=node --group=node /var/cache/riskflow
VOLUME /data
USER node
EXPOSE 9464
STOPSIGNAL SIGTERM
# Of a worker; for other commands use --no-healthcheck.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/health/ready').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/app/riskflow"]
CMD ["worker", "--http", "0.0.0.0:9464"]
