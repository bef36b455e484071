using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Studio.Engine.Video;

namespace Studio.Engine.Training.Annotating;

/// <summary>What to ask whom.</summary>
/// <param name="Step">Such as <c>caption</c>.</param>
/// <param name="Of">About what: a video's content hash and seconds, and a number where there are several.</param>
/// <param name="By">Identity of who is asked.</param>
/// <param name="Content">All else that the answer depends on: the prompt, how frames are chosen.</param>
public sealed record Inquiry(string Step, string Of, string By, string Content)
{
    /// <summary>32 hexadecimal digits.</summary>
    public string Key
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (string part in new[] { Step, Of, By, Content })
            {
                byte[] text = Encoding.UTF8.GetBytes(part);
                hash.AppendData(BitConverter.GetBytes(text.Length));
                hash.AppendData(text);
            }

            return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
        }
    }
}

/// <summary>An answer, understood.</summary>
/// <param name="Key">Where it stands in the log.</param>
public sealed record Understood<T>(T Value, string Key);

/// <summary>An answer is missing, and why is in the list of failures; what depends on it is left for the next start.</summary>
public sealed class UnansweredException(string message) : Exception(message);

/// <summary>
/// Asks for what the log does not hold, so many at once, and writes down every failure. Reading alone, it asks nobody: what is missing
/// stays missing. Thread safe.
/// </summary>
public sealed class Asker : IDisposable
{
    /// <summary>Longest answer, characters, of anybody.</summary>
    public const int MaxAnswerLength = 32_000;

    /// <summary>Requests without an answer, one after another, at which a run gives up: the endpoint is gone.</summary>
    public const int MaxSilent = 10;

    /// <summary>Characters of a reason that are written down.</summary>
    private const int MaxReasonLength = 1000;

    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly AnswerLog _log;
    private readonly TextWriter? _failures;
    private readonly SemaphoreSlim _slots;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private int _silent;
    private int _asked;
    private int _reused;
    private int _failed;

    /// <param name="failures">Takes a line for each failure; null reads the log alone.</param>
    /// <param name="jobs">Requests at once.</param>
    public Asker(AnswerLog log, TextWriter? failures, int jobs)
    {
        (_log, _failures, _slots) = (log, failures, new SemaphoreSlim(jobs));
    }

    /// <summary>Answers that somebody was asked for.</summary>
    public int Asked => Volatile.Read(ref _asked);

    /// <summary>Answers that were there.</summary>
    public int Reused => Volatile.Read(ref _reused);

    public int Failed => Volatile.Read(ref _failed);

    /// <summary>Why nobody is asked any more; null while the run goes on.</summary>
    public AnnotatorException? Ended { get; private set; }

    /// <summary>The answer from the log or from <paramref name="ask"/>.</summary>
    /// <param name="ask">Makes one request.</param>
    /// <param name="understand">Reads the answer; throws <see cref="FormatException"/> where it is of no use.</param>
    /// <exception cref="UnansweredException">There is none; the reason has been written down.</exception>
    public async Task<Understood<T>> AskAsync<T>(
        Inquiry inquiry, Func<CancellationToken, Task<string>> ask, Func<string, T> understand, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(inquiry);
        ArgumentNullException.ThrowIfNull(ask);
        ArgumentNullException.ThrowIfNull(understand);
        string key = inquiry.Key;
        if (_log.Find(key) is { } known)
        {
            try
            {
                T value = understand(known.Text);
                Interlocked.Increment(ref _reused);
                return new Understood<T>(value, key);
            }
            catch (FormatException)
            {
                // An earlier version took it; it is asked for again.
            }
        }

        if (_failures is null)
        {
            throw new UnansweredException($"{inquiry.Step} of {inquiry.Of} has no answer yet.");
        }

        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        await _slots.WaitAsync(linked.Token).ConfigureAwait(false);
        try
        {
            string text = await ask(linked.Token).ConfigureAwait(false);
            Interlocked.Exchange(ref _silent, 0);
            if (text.Length > MaxAnswerLength)
            {
                throw new FormatException($"the answer has {text.Length} characters, above the limit of {MaxAnswerLength}");
            }

            T value = understand(text);
            _log.Append(new LoggedAnswer(key, inquiry.Step, inquiry.Of, inquiry.By, text));
            Interlocked.Increment(ref _asked);
            return new Understood<T>(value, key);
        }
        catch (Exception e) when (e is AnnotatorException or MediaException or FormatException or ArgumentException) // the last: a clip or prompt that a model cannot take
        {
            Fail(inquiry.Step, inquiry.Of, key, e.Message);
            if (e is AnnotatorException silent)
            {
                EndIfPointless(silent);
            }

            throw new UnansweredException(e.Message);
        }
        finally
        {
            _slots.Release();
        }
    }

    /// <summary>Writes down that something could not be had.</summary>
    public void Fail(string step, string of, string key, string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        Interlocked.Increment(ref _failed);
        string line = JsonSerializer.Serialize(new { step, of, key, reason = reason.Length <= MaxReasonLength ? reason : reason[..MaxReasonLength] }, s_json);
        lock (_lock)
        {
            _failures?.Write(line + "\n");
            _failures?.Flush();
        }
    }

    public void Dispose()
    {
        _slots.Dispose();
        _stop.Dispose();
    }

    private void EndIfPointless(AnnotatorException silent)
    {
        bool gone = Interlocked.Increment(ref _silent) >= MaxSilent;
        if (!silent.EndsRun && !gone)
        {
            return;
        }

        lock (_lock)
        {
            if (Ended is not null)
            {
                return;
            }

            Ended = silent.EndsRun
                ? silent
                : new AnnotatorException($"{MaxSilent} requests in a row had no answer, the last because: {silent.Message} Start again when that is mended; what was answered is kept.", endsRun: true, silent);
        }

        _stop.Cancel();
    }
}
