using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Studio.Engine.Training.Annotating;

/// <summary>One message to a model of an endpoint.</summary>
/// <param name="Prompt">Text, after the pictures.</param>
public sealed record EndpointQuestion(string Prompt)
{
    /// <summary>System text; null for none.</summary>
    public string? System { get; init; }

    /// <summary>JPEG files.</summary>
    public IReadOnlyList<byte[]> Pictures { get; init; } = [];

    /// <summary>Longest answer, tokens; null for the endpoint's.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Whether an answer that ends at the longest length counts as one.</summary>
    public bool MayBeCut { get; init; }
}

/// <summary>Asks one model of an endpoint that speaks OpenAI's chat completions; tries again what may succeed the next time. Thread safe.</summary>
public sealed class EndpointClient : IDisposable
{
    private const int MaxShownCharacters = 200;

    private readonly EndpointOptions _options;
    private readonly HttpMessageInvoker _http;
    private readonly TimeProvider _time;
    private readonly Uri _address;

    /// <param name="handler">Replaced in tests; not disposed.</param>
    public EndpointClient(EndpointOptions options, TimeProvider? time = null, HttpMessageHandler? handler = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_options, _time) = (options, time ?? TimeProvider.System);
        _address = new Uri(options.BaseAddress.AbsoluteUri.TrimEnd('/') + "/chat/completions");
        _http = new HttpMessageInvoker(
            handler ?? new SocketsHttpHandler
            {
                AllowAutoRedirect = false, // a key is for one address
                ConnectTimeout = TimeSpan.FromSeconds(30),
                PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            },
            disposeHandler: handler is null);
    }

    /// <summary>Model and host.</summary>
    public string Identity => $"{_options.Model}@{_options.BaseAddress.Authority}";

    /// <summary>One answer to one message.</summary>
    /// <param name="prompt">Text, after the pictures.</param>
    /// <param name="pictures">JPEG files.</param>
    /// <exception cref="AnnotatorException">There is no answer, or none that is whole.</exception>
    public Task<string> AskAsync(string prompt, IReadOnlyList<byte[]> pictures, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(pictures);
        return AskAsync(new EndpointQuestion(prompt) { Pictures = pictures }, cancellationToken);
    }

    /// <summary>One answer to one message.</summary>
    /// <exception cref="AnnotatorException">There is no answer, or none that is whole.</exception>
    /// <exception cref="FormatException">The answer is empty or cut.</exception>
    public async Task<string> AskAsync(EndpointQuestion question, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(question);
        ReadOnlyMemory<byte> body = Body(question);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await SendAsync(question, body, cancellationToken).ConfigureAwait(false);
            }
            catch (AttemptException e)
            {
                if (attempt == _options.MaxAttempts)
                {
                    throw new AnnotatorException($"{Identity}: {e.Message}; gave up after {attempt} attempts.", inner: e);
                }

                double seconds = Math.Max(_options.BaseDelay.TotalSeconds * Math.Pow(2, attempt - 1), e.RetryAfter?.TotalSeconds ?? 0);
                await Task.Delay(TimeSpan.FromSeconds(Math.Min(seconds, _options.MaxDelay.TotalSeconds)), _time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    public void Dispose() => _http.Dispose();

    private int MaxTokens(EndpointQuestion question) => question.MaxTokens ?? _options.MaxTokens;

    private ReadOnlyMemory<byte> Body(EndpointQuestion question)
    {
        (string prompt, IReadOnlyList<byte[]> pictures) = (question.Prompt, question.Pictures);

        // Base64 takes 4 bytes for 3.
        long size = (pictures.Sum(p => (long)p.Length) * 4 / 3) + (2L * (prompt.Length + (question.System?.Length ?? 0)));
        if (size > EndpointOptions.MaxRequestBytes)
        {
            throw new AnnotatorException($"{Identity}: a request of about {size} bytes is above the limit of {EndpointOptions.MaxRequestBytes}; send fewer or smaller frames (--frames, --side).", endsRun: true);
        }

        var buffer = new ArrayBufferWriter<byte>((int)size + 4096);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("model", _options.Model);
            json.WriteNumber("temperature", 0);
            json.WriteNumber("seed", 0);
            json.WriteNumber("max_tokens", MaxTokens(question));
            json.WriteStartArray("messages");
            if (question.System is { } system)
            {
                json.WriteStartObject();
                json.WriteString("role", "system");
                json.WriteString("content", system);
                json.WriteEndObject();
            }

            json.WriteStartObject();
            json.WriteString("role", "user");
            if (pictures.Count == 0)
            {
                json.WriteString("content", prompt); // servers of text models take no list of parts
            }
            else
            {
                json.WriteStartArray("content");
                foreach (byte[] picture in pictures)
                {
                    json.WriteStartObject();
                    json.WriteString("type", "image_url");
                    json.WriteStartObject("image_url");
                    json.WriteString("url", $"data:image/jpeg;base64,{Convert.ToBase64String(picture)}");
                    json.WriteEndObject();
                    json.WriteEndObject();
                }

                json.WriteStartObject();
                json.WriteString("type", "text");
                json.WriteString("text", prompt);
                json.WriteEndObject();
                json.WriteEndArray();
            }

            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private async Task<string> SendAsync(EndpointQuestion question, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _address) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("studio-engine", "1.0"));
        if (_options.Key is { } key)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        using var late = new CancellationTokenSource(_options.Timeout, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, linked.Token).ConfigureAwait(false);
            byte[] answer = await ReadAsync(response, linked.Token).ConfigureAwait(false);
            return response.StatusCode == HttpStatusCode.OK ? Text(question, answer) : throw Refused(response, answer);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AttemptException($"no whole answer within {_options.Timeout.TotalSeconds:0.###} s", inner: e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new AttemptException($"the connection failed ({e.Message})", inner: e);
        }
    }

    private async Task<byte[]> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using var whole = new MemoryStream();
        byte[] buffer = new byte[16 * 1024];
        Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                if (whole.Length + read > EndpointOptions.MaxResponseBytes)
                {
                    throw new AnnotatorException($"{Identity}: an answer of more than {EndpointOptions.MaxResponseBytes} bytes was not read; lower --max-tokens.");
                }

                whole.Write(buffer, 0, read);
            }
        }

        return whole.ToArray();
    }

    private string Text(EndpointQuestion question, byte[] answer)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(answer, new JsonDocumentOptions { MaxDepth = 32 });
            JsonElement choice = document.RootElement.GetProperty("choices")[0];
            if (!question.MayBeCut && choice.TryGetProperty("finish_reason", out JsonElement reason) && reason.ValueKind == JsonValueKind.String && reason.ValueEquals("length"))
            {
                throw new FormatException($"{Identity}: the answer does not end within {MaxTokens(question)} tokens; raise --max-tokens");
            }

            return choice.GetProperty("message").GetProperty("content").GetString() is { Length: > 0 } text ? text : throw new FormatException($"{Identity}: the answer is empty");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            throw new AnnotatorException($"{Identity}: what came is no chat completion ({e.Message}); does the address end where 'chat/completions' follows, as in …/v1?", inner: e);
        }
    }

    private Exception Refused(HttpResponseMessage response, byte[] answer)
    {
        int status = (int)response.StatusCode;
        string told = Shown(answer);
        switch (status)
        {
            case 401 or 403:
                return new AnnotatorException($"{Identity}: access refused ({status}); set {EndpointOptions.KeyVariable} (or the role's own STUDIO_…_KEY) to a key that may use this model.", endsRun: true);
            case 404:
                return new AnnotatorException($"{Identity}: not found (404); check the model's name and that {_address} is right.", endsRun: true);
            case >= 300 and < 400:
                return new AnnotatorException($"{Identity}: {_address} redirects ({status}), which is not followed; give the address it leads to.", endsRun: true);
            case 408 or 429 or >= 500:
                RetryConditionHeaderValue? after = response.Headers.RetryAfter;
                return new AttemptException($"the server answered {status}{told}", after?.Delta ?? (after?.Date - _time.GetUtcNow()));
            default:
                return new AnnotatorException($"{Identity}: the server refused the request ({status}){told}");
        }
    }

    /// <summary>The beginning of what a server says about an error, without the key should it repeat it.</summary>
    private string Shown(byte[] answer)
    {
        string text = System.Text.Encoding.UTF8.GetString(answer).ReplaceLineEndings(" ").Trim();
        text = _options.Key is { } key ? text.Replace(key, "***", StringComparison.Ordinal) : text;
        return text.Length == 0 ? "" : $": {(text.Length <= MaxShownCharacters ? text : text[..MaxShownCharacters] + "…")}";
    }

    /// <summary>One attempt failed; the next may not.</summary>
    private sealed class AttemptException(string message, TimeSpan? retryAfter = null, Exception? inner = null) : Exception(message, inner)
    {
        public TimeSpan? RetryAfter => retryAfter;
    }
}
