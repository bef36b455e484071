using Microsoft.AspNetCore.Http.HttpResults;
using Studio.Engine.Video;

namespace Studio.Inspect;

/// <summary>What can go wrong, as problem details. Messages of the decoder name files of the server: they stay in the log.</summary>
internal static class InspectProblems
{
    /// <param name="found">The answer is there and readable, but has no trace.</param>
    public static ProblemHttpResult NoTrace(string id, bool found) => Problem(StatusCodes.Status404NotFound, found
        ? $"answer '{id}' has no trace: none was recorded, or its file is gone; ask the question again"
        : $"there is no answer '{id}'");

    public static ProblemHttpResult NoMedia() => Problem(StatusCodes.Status404NotFound, "the video was deleted, or is not shared with you");

    public static async ValueTask<object?> FilterAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (ArgumentException e)
        {
            return Problem(StatusCodes.Status400BadRequest, Short(e));
        }
        catch (InvalidDataException e)
        {
            return Problem(StatusCodes.Status422UnprocessableEntity, e.Message);
        }
        catch (FrameQueueFullException e)
        {
            context.HttpContext.Response.Headers.RetryAfter = "1";
            return Problem(StatusCodes.Status503ServiceUnavailable, e.Message);
        }
        catch (MediaException e)
        {
            context.HttpContext.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Studio.Inspect").LogWarning(e, "A frame could not be read");
            return e.Reason == MediaError.ToolMissing
                ? Problem(StatusCodes.Status503ServiceUnavailable, "this server has no ffmpeg; install it, or set STUDIO_FFMPEG to its folder")
                : Problem(StatusCodes.Status422UnprocessableEntity, $"the frame cannot be decoded ({e.Reason}); upload the video again, or re-encode it");
        }
    }

    /// <summary>Without the parameter's name, which .NET appends on a line or in brackets of its own.</summary>
    private static string Short(ArgumentException e)
    {
        var text = e.Message;
        var cut = text.IndexOf(" (Parameter '", StringComparison.Ordinal);
        return cut < 0 ? text : text[..cut];
    }

    private static ProblemHttpResult Problem(int status, string detail) => TypedResults.Problem(detail, statusCode: status);
}
