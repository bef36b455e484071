# The studio in a container: docker build -t studio . && docker run --rm -v "$PWD/videos:/videos" studio chat /videos/a.mp4 "What happens?"
# Debian 12 for its libtorch; the .NET SDK is copied from Microsoft's image.
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS dotnet

FROM debian:12-slim
COPY --from=dotnet /usr/share/dotnet /usr/share/dotnet
ENV PATH=/usr/share/dotnet:$PATH DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates ffmpeg g++ libopenblas0-pthread libtorch-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /studio
COPY . .
RUN ./run --version
VOLUME /studio/data/cache /studio/data/models
ENTRYPOINT ["./run"]
