# The studio in a container.
#   CPU:  docker build -t studio . && docker run --rm -p 5080:5080 -v studio-data:/studio-data studio
#   CUDA: docker build -t studio-cuda --build-arg LIBTORCH_URL=https://download.pytorch.org/libtorch/cu124/libtorch-cxx11-abi-shared-with-deps-2.6.0%2Bcu124.zip . \
#         && docker run --rm --gpus all -p 5080:5080 -v studio-data:/studio-data studio-cuda
# Another host than this machine reaches it, so people sign in: the set-up code is in the log (docker logs).
# One command instead: docker run --rm -v "$PWD/videos:/videos" studio chat /videos/a.mp4 "What happens?"
#
# Debian 12 for its libtorch; the .NET SDK and Node are copied from their own images.
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS dotnet
FROM node:22-bookworm-slim AS node

FROM debian:12-slim
ARG LIBTORCH_URL=""
COPY --from=dotnet /usr/share/dotnet /usr/share/dotnet
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
ENV PATH=/usr/share/dotnet:$PATH DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 \
    TORCH_DIR=${LIBTORCH_URL:+/opt/libtorch}
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates ffmpeg g++ libgomp1 libsqlite3-0 util-linux \
      $([ -n "$LIBTORCH_URL" ] && echo "curl unzip" || echo "libopenblas0-pthread libtorch-dev") \
 && if [ -n "$LIBTORCH_URL" ]; then curl -fsSL "$LIBTORCH_URL" -o /tmp/libtorch.zip && unzip -q /tmp/libtorch.zip -d /opt && rm /tmp/libtorch.zip; fi \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /studio
COPY . .
RUN ./run --version
ENV STUDIO_DATA=/studio-data STUDIO_HOST=0.0.0.0 STUDIO_PORT=5080
VOLUME /studio-data
EXPOSE 5080
HEALTHCHECK --start-period=30s CMD node -e "fetch('http://127.0.0.1:5080/healthz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"
ENTRYPOINT ["./run"]
