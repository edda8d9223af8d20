# zk-server and zk-cli, compiled here and installed from the packages that would be published.
# docker build -t zk .          See docs/containers.md.
FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY . .
RUN npm ci --no-audit --no-fund && npm run build && npm run pack-check -- --into /opt/zk

FROM node:24-bookworm-slim
COPY --from=build /opt/zk /opt/zk
# Directories and names of the programs are those of the official image of Apache ZooKeeper.
ENV PATH=/opt/zk/node_modules/.bin:$PATH \
    ZOO_CONF_DIR=/conf \
    ZOOCFGDIR=/conf \
    ZOO_DATA_DIR=/data \
    ZOO_DATA_LOG_DIR=/datalog \
    ZOO_LOG_DIR=/logs
RUN ln -s zk-server /opt/zk/node_modules/.bin/zkServer.sh \
    && ln -s zk-cli /opt/zk/node_modules/.bin/zkCli.sh \
    && mkdir /conf /data /datalog /logs \
    && chown 1000:1000 /conf /data /datalog /logs
USER 1000:1000
VOLUME ["/data", "/datalog", "/logs"]
# Clients, followers, elections, the admin server.
EXPOSE 2181 2888 3888 8080
HEALTHCHECK --start-period=60s CMD ["zk-server", "status"]
CMD ["zk-server", "container"]
