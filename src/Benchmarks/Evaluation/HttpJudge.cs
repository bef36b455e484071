using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Records;
using Studio.Engine.Training.Annotating;

namespace Studio.Benchmarks.Evaluation;

/// <summary>A judge that gave no verdict. The message names model and host, never the key.</summary>
public sealed class JudgeException(string message, bool endsRun, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether the next question would fail as well: a key is refused, or there is no such model.</summary>
    public bool EndsRun => endsRun;
}

/// <summary>A judge behind an endpoint that speaks OpenAI's chat completions: temperature 0, tried again where that may help. Thread safe.</summary>
public sealed class HttpJudge : IJudge, IDisposable
{
    /// <summary>Questions at once by default.</summary>
    public const int DefaultConcurrency = 4;

    /// <summary>Most questions at once.</summary>
    public const int MaxConcurrency = 64;

    private const string Role = "JUDGE", AddressVariable = $"STUDIO_{Role}_URL", KeyVariable = $"STUDIO_{Role}_KEY";

    private readonly EndpointClient _client;
    private readonly SemaphoreSlim _slots;

    /// <param name="concurrency">Questions at once; further ones wait.</param>
    /// <param name="handler">Replaced in tests; not disposed.</param>
    public HttpJudge(EndpointOptions options, int concurrency = DefaultConcurrency, TimeProvider? time = null, HttpMessageHandler? handler = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(concurrency, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(concurrency, MaxConcurrency);
        (_client, _slots) = (new EndpointClient(options, time, handler), new SemaphoreSlim(concurrency));
    }

    /// <summary>Model and host.</summary>
    public string Identity => _client.Identity;

    /// <summary>
    /// Address and model of a request. Without an address STUDIO_JUDGE_URL is taken, or else OPENAI_BASE_URL. The key of the environment
    /// (STUDIO_JUDGE_KEY, OPENAI_API_KEY) goes to the address that the environment names beside it and to no other.
    /// </summary>
    /// <param name="variable">Source of environment variables.</param>
    /// <exception cref="ArgumentException">No model or address, or none of http(s).</exception>
    public static EndpointOptions Options(EvalRequest request, Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(variable);
        if (string.IsNullOrWhiteSpace(request.JudgeModel)) throw new ArgumentException($"{request.Task} is scored by a judge; name its model, and the address of an OpenAI-compatible endpoint (or set {AddressVariable}).", nameof(request));
        if (string.IsNullOrWhiteSpace(request.JudgeEndpoint)) return EndpointOptions.FromEnvironment(Role, request.JudgeModel, variable);
        if (Parsed(request.JudgeEndpoint) is not { Scheme: "http" or "https", UserInfo: "" } address)
        {
            throw new ArgumentException($"The judge's address '{request.JudgeEndpoint}' is no http or https address without a password in it; give one such as http://127.0.0.1:8000/v1.", nameof(request));
        }

        var options = new EndpointOptions { BaseAddress = address, Model = request.JudgeModel };
        foreach (var (known, key) in (ReadOnlySpan<(string, string)>)[(AddressVariable, KeyVariable), (EndpointOptions.AddressVariable, EndpointOptions.KeyVariable)])
        {
            if (Parsed(variable(known)) == address && variable(key)?.Trim() is { Length: > 0 } secret) return options with { Key = secret };
        }

        return options;
    }

    /// <summary>Refuses a judge that a request names for a task without one: it would never be asked.</summary>
    /// <exception cref="ArgumentException">The task is scored without a judge; the message names both.</exception>
    public static void CheckNeeded(EvalRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if ((request.JudgeEndpoint ?? request.JudgeModel) is not { } judge || (TaskCatalog.TryGet(request.Task, out var task) && task.NeedsJudge)) return;
        throw new ArgumentException($"A judge, '{judge}', was given, but {task?.Name ?? request.Task} is scored without one; leave the judge's address and its model out.", nameof(request));
    }

    public async Task<string> AskAsync(JudgeRequest request, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(request);
        await _slots.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            // The originals take a verdict that ends at the bound as it is.
            return await _client.AskAsync(new EndpointQuestion(request.User) { System = request.System, MaxTokens = request.MaxTokens, MayBeCut = true }, ct).ConfigureAwait(false);
        }
        catch (AnnotatorException e)
        {
            throw new JudgeException($"The judge gave no verdict: {e.Message}", e.EndsRun, e);
        }
        catch (FormatException e)
        {
            throw new JudgeException($"The judge gave no verdict: {e.Message}.", endsRun: false, e);
        }
        finally
        {
            _ = _slots.Release();
        }
    }

    private static Uri? Parsed(string? address) => Uri.TryCreate(address?.Trim().TrimEnd('/') + "/", UriKind.Absolute, out var uri) ? uri : null;

    public void Dispose()
    {
        _client.Dispose();
        _slots.Dispose();
    }
}
