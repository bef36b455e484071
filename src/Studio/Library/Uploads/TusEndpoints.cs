using System.Globalization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Studio.Accounts;
using Studio.Api;
using Studio.Observability;
using Studio.Security;

namespace Studio.Library.Uploads;

/// <summary>
/// The tus 1.0 protocol (https://tus.io/protocols/resumable-upload): core, creation, creation-with-upload, termination,
/// checksum, expiration. Uploads belong to who made them; to everybody else they do not exist.
/// </summary>
internal static class TusEndpoints
{
    public const string Path = "/files";

    public const string Version = "1.0.0";

    private const string Extensions = "creation,creation-with-upload,termination,checksum,expiration";
    private const string BodyType = "application/offset+octet-stream";

    /// <summary>The video that an upload became.</summary>
    private const string VideoHeader = "Studio-Video";

    public static void MapTus(this IEndpointRouteBuilder routes)
    {
        var files = routes.MapGroup(Path).RequireAuthorization(Policies.Write).ExcludeFromDescription()
            .AddEndpointFilter(ProtocolAsync);
        _ = files.MapMethods("", [HttpMethods.Options], Discover);
        _ = files.MapMethods("{id}", [HttpMethods.Options], Discover);
        _ = files.MapPost("", CreateAsync);
        _ = files.MapMethods("{id}", [HttpMethods.Head], HeadAsync);
        // Their number is bounded by the bytes that an upload may have; a limit of requests would only slow it down.
        _ = files.MapPatch("{id}", PatchAsync).WithMetadata(new RateAttribute(RateClass.Piece));
        _ = files.MapDelete("{id}", DeleteAsync);
        _ = files.MapPost("{id}", OverrideAsync).WithMetadata(new RateAttribute(RateClass.Piece));
    }

    /// <summary>The version check, and refusals as the protocol's status codes.</summary>
    private static async ValueTask<object?> ProtocolAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var (request, response) = (context.HttpContext.Request, context.HttpContext.Response);
        if (HttpMethods.IsOptions(request.Method)) return await next(context);
        response.Headers["Tus-Resumable"] = Version;
        if (request.Headers["Tus-Resumable"] != Version)
        {
            response.Headers["Tus-Version"] = Version;
            return Problem(StatusCodes.Status412PreconditionFailed, $"Tus-Resumable is '{request.Headers["Tus-Resumable"]}'; this server speaks {Version}");
        }

        try
        {
            return await next(context);
        }
        catch (RequestException e)
        {
            return Problem(e.Status, e.Message);
        }
        catch (OperationCanceledException) when (context.HttpContext.RequestAborted.IsCancellationRequested)
        {
            return Results.Empty; // Nobody is there to read an answer; the bytes are kept.
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException)
        {
            return Results.Empty; // The body broke off.
        }
        catch (Microsoft.AspNetCore.Connections.ConnectionResetException)
        {
            return Results.Empty;
        }
    }

    private static IResult Discover(HttpContext context, LibraryLimits limits)
    {
        var headers = context.Response.Headers;
        headers["Tus-Resumable"] = headers["Tus-Version"] = Version;
        headers["Tus-Extension"] = Extensions;
        headers["Tus-Max-Size"] = limits.MaxUploadBytes.ToString(CultureInfo.InvariantCulture);
        headers["Tus-Checksum-Algorithm"] = ChunkChecksum.Algorithms;
        return Results.NoContent();
    }

    private static async Task<IResult> CreateAsync(HttpContext context, UploadStore uploads, LibraryLimits limits, CancellationToken ct)
    {
        var (request, user) = (context.Request, CurrentUser.From(context.User));
        if (request.Headers.ContainsKey("Upload-Defer-Length")) return Problem(StatusCodes.Status400BadRequest, "Upload-Defer-Length is not supported: send Upload-Length");
        if (request.Headers.ContainsKey("Upload-Concat")) return Problem(StatusCodes.Status400BadRequest, "Upload-Concat is not supported: send the file as one upload");
        if (Number(request, "Upload-Length") is not { } length) return Problem(StatusCodes.Status400BadRequest, $"Upload-Length is '{request.Headers["Upload-Length"]}'; give the file's number of bytes");
        var metadata = request.Headers["Upload-Metadata"].ToString();
        if (metadata.Length > limits.MaxMetadataLength) return Problem(StatusCodes.Status400BadRequest, $"Upload-Metadata has {metadata.Length} characters, above the limit of {limits.MaxMetadataLength}");
        var name = UploadMetadata.Name(UploadMetadata.Parse(metadata));
        var withBody = request.ContentType is not null || request.ContentLength > 0;
        if (withBody && request.ContentType != BodyType) return WrongType(request);
        using var checksum = Checksum(request);
        var status = await uploads.CreateAsync(user.Id, name, length, metadata, ct);
        context.Response.Headers.Location = $"{Path}/{status.Id}";
        if (withBody) status = await ReceiveAsync(context, uploads, user.Id, status.Id, 0, checksum, ct);
        return status.State == UploadState.Refused ? Refused(status) : Accepted(context, status, StatusCodes.Status201Created);
    }

    private static async Task<IResult> HeadAsync(HttpContext context, string id, UploadStore uploads, CancellationToken ct)
    {
        var status = await uploads.GetSettledAsync(CurrentUser.From(context.User).Id, id, ct);
        context.Response.Headers.CacheControl = "no-store";
        if (status.State == UploadState.Refused) return Refused(status, StatusCodes.Status410Gone);
        var headers = context.Response.Headers;
        headers["Upload-Length"] = status.Length.ToString(CultureInfo.InvariantCulture);
        if (status.Metadata.Length > 0) headers["Upload-Metadata"] = status.Metadata;
        return Accepted(context, status, StatusCodes.Status200OK);
    }

    private static async Task<IResult> PatchAsync(HttpContext context, string id, UploadStore uploads, CancellationToken ct)
    {
        var request = context.Request;
        if (request.ContentType != BodyType) return WrongType(request);
        if (Number(request, "Upload-Offset") is not { } offset) return Problem(StatusCodes.Status400BadRequest, $"Upload-Offset is '{request.Headers["Upload-Offset"]}'; give the number of the first byte of the body");
        using var checksum = Checksum(request);
        var status = await ReceiveAsync(context, uploads, CurrentUser.From(context.User).Id, id, offset, checksum, ct);
        return status.State == UploadState.Refused ? Refused(status) : Accepted(context, status, StatusCodes.Status204NoContent);
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string id, UploadStore uploads, CancellationToken ct)
    {
        await uploads.DeleteAsync(CurrentUser.From(context.User).Id, id, ct);
        return Results.NoContent();
    }

    /// <summary>For clients behind something that lets only GET and POST through.</summary>
    private static Task<IResult> OverrideAsync(HttpContext context, string id, UploadStore uploads, CancellationToken ct) => context.Request.Headers["X-HTTP-Method-Override"].ToString() switch
    {
        "PATCH" => PatchAsync(context, id, uploads, ct),
        "DELETE" => DeleteAsync(context, id, uploads, ct),
        "HEAD" => HeadAsync(context, id, uploads, ct),
        var method => Task.FromResult(Problem(StatusCodes.Status405MethodNotAllowed, $"POST to an upload needs X-HTTP-Method-Override PATCH, DELETE or HEAD; it is '{method}'")),
    };

    private static async Task<UploadStatus> ReceiveAsync(HttpContext context, UploadStore uploads, string ownerId, string id, long offset, ChunkChecksum? checksum, CancellationToken ct)
    {
        // For this request only: its size is bounded by the upload's length, its slowness by the wait for the next byte.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
        var (metrics, counted) = (context.RequestServices.GetRequiredService<StudioMetrics>(), offset);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct, context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        try
        {
            var status = await uploads.AppendAsync(ownerId, id, offset, context.Request.ContentLength, context.Request.BodyReader, checksum, end.Token, Count);
            return status.State == UploadState.Checking ? await uploads.FinishAsync(ownerId, id, ct) : status;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw Refusals.Unavailable("the server is stopping; what arrived is kept, resume later");
        }

        // As it arrives: a request that breaks off has brought its bytes, too.
        void Count(long at)
        {
            if (at > counted) metrics.UploadReceived(at - counted);
            counted = at;
        }
    }

    private static IResult Accepted(HttpContext context, UploadStatus status, int code)
    {
        var headers = context.Response.Headers;
        headers["Upload-Offset"] = status.Offset.ToString(CultureInfo.InvariantCulture);
        headers["Upload-Expires"] = status.ExpiresAt.ToString("R", CultureInfo.InvariantCulture);
        if (status.VideoId is not null) headers[VideoHeader] = status.VideoId;
        return Results.StatusCode(code);
    }

    /// <summary>All bytes came, but they are nothing the library takes: a client must not believe that it is there.</summary>
    private static IResult Refused(UploadStatus status, int code = StatusCodes.Status422UnprocessableEntity) => Problem(code, status.Error!);

    private static IResult WrongType(HttpRequest request) =>
        Problem(StatusCodes.Status415UnsupportedMediaType, $"the body's type is '{request.ContentType}'; it must be {BodyType}");

    private static ChunkChecksum? Checksum(HttpRequest request) => request.Headers["Upload-Checksum"] is { Count: > 0 } header ? ChunkChecksum.Parse(header.ToString()) : null;

    private static long? Number(HttpRequest request, string header) =>
        long.TryParse(request.Headers[header], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static IResult Problem(int status, string detail) => Results.Problem(detail, statusCode: status);
}
