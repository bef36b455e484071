using System.Net;
using System.Net.Http.Headers;

namespace Studio.Engine.Checkpoints.Hub;

/// <summary>A request that failed; says whether trying again makes sense.</summary>
internal sealed class HubRequestException(string message, bool mayRetry, TimeSpan? retryAfter = null, Exception? inner = null)
    : Exception(message, inner)
{
    public bool MayRetry { get; } = mayRetry;

    public TimeSpan? RetryAfter { get; } = retryAfter;
}

/// <summary>Requests to the hub with its rules: own redirects, the token only to its own origin, errors in plain words.</summary>
internal sealed class HubTransport : IDisposable
{
    private const int MaxRedirects = 5;

    private readonly HttpMessageInvoker _http;
    private readonly HubOptions _options;

    public HubTransport(HubOptions options, HttpMessageHandler? handler)
    {
        // An http endpoint would show the token to everyone on the way.
        if (options.Token is not null && options.Endpoint.Scheme != Uri.UriSchemeHttps && !options.Endpoint.IsLoopback)
        {
            throw new HubException(
                $"{options.Endpoint} is not encrypted and a token is set; use an https endpoint or unset HF_TOKEN.");
        }

        bool follows = handler switch
        {
            SocketsHttpHandler sockets => sockets.AllowAutoRedirect,
            HttpClientHandler client => client.AllowAutoRedirect,
            _ => false,
        };
        if (follows)
        {
            throw new ArgumentException(
                "The handler must have AllowAutoRedirect = false: redirects decide where the token may go.", nameof(handler));
        }

        _options = options;
        _http = new HttpMessageInvoker(
            handler ?? new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                ConnectTimeout = TimeSpan.FromSeconds(30),
                PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            },
            disposeHandler: handler is null);
    }

    /// <summary>Sends a GET and returns a successful response, body unread.</summary>
    /// <param name="uri">Address on the hub.</param>
    /// <param name="what">Subject of the error messages.</param>
    /// <param name="from">First byte wanted; 0 asks for the whole file without a Range.</param>
    /// <param name="cancellationToken">The caller's token.</param>
    /// <exception cref="HubRequestException">No answer, or one that is not a success (416 counts as one here).</exception>
    public async Task<HttpResponseMessage> GetAsync(Uri uri, string what, long from, CancellationToken cancellationToken)
    {
        for (int hop = 0; hop <= MaxRedirects; hop++)
        {
            HttpResponseMessage response = await SendAsync(uri, what, from, cancellationToken).ConfigureAwait(false);
            if (!IsRedirect(response.StatusCode))
            {
                return Accept(response, what);
            }

            Uri? location = response.Headers.Location;
            response.Dispose();
            if (location is null)
            {
                throw new HubRequestException($"{what}: the server redirects without saying where.", mayRetry: false);
            }

            Uri next = new(uri, location);
            if (next.Scheme != Uri.UriSchemeHttps && (uri.Scheme == Uri.UriSchemeHttps || next.Scheme != Uri.UriSchemeHttp))
            {
                throw new HubRequestException(
                    $"{what}: refused a redirect from {uri.Host} to {next.Scheme}://{next.Host}, which is not encrypted.",
                    mayRetry: false);
            }

            uri = next;
        }

        throw new HubRequestException($"{what}: more than {MaxRedirects} redirects.", mayRetry: false);
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(Uri uri, string what, long from, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("studio-engine", "1.0"));
        if (_options.Token is { } token && IsHub(uri))
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (from > 0)
        {
            request.Headers.Range = new RangeHeaderValue(from, null);
        }

        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stall.CancelAfter(_options.StallTimeout);
        try
        {
            return await _http.SendAsync(request, stall.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HubRequestException($"{what}: no answer from {uri.Host} within {_options.StallTimeout.TotalSeconds:0} s",
                mayRetry: true, inner: exception);
        }
        catch (HttpRequestException exception)
        {
            throw new HubRequestException($"{what}: no connection to {uri.Host}:{uri.Port} ({exception.Message})",
                mayRetry: true, inner: exception);
        }
    }

    private HttpResponseMessage Accept(HttpResponseMessage response, string what)
    {
        HttpStatusCode status = response.StatusCode;
        if (status is HttpStatusCode.OK or HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            return response;
        }

        TimeSpan? after = response.Headers.RetryAfter?.Delta;
        response.Dispose();
        string remedy = _options.Token is null
            ? "Set HF_TOKEN to a token with access, and check the name."
            : "The token in HF_TOKEN has no access: accept the model's terms on its page or use another token.";
        throw (int)status switch
        {
            401 or 403 => new HubRequestException($"{what}: access refused ({(int)status}). {remedy}", mayRetry: false),
            404 => new HubRequestException($"{what}: not found (404). Check OWNER/NAME and the revision.", mayRetry: false),
            408 or 429 or >= 500 => new HubRequestException($"{what}: the server answered {(int)status}", mayRetry: true, after),
            _ => new HubRequestException($"{what}: the server answered {(int)status}, which is not expected here.",
                mayRetry: false),
        };
    }

    private bool IsHub(Uri uri) =>
        uri.Scheme == _options.Endpoint.Scheme && uri.Port == _options.Endpoint.Port
        && string.Equals(uri.Host, _options.Endpoint.Host, StringComparison.OrdinalIgnoreCase);

    private static bool IsRedirect(HttpStatusCode status) => (int)status is 301 or 302 or 303 or 307 or 308;
}
