namespace Studio.Engine.Training.Annotating;

/// <summary>How to reach an endpoint that speaks OpenAI's chat completions. The key never appears in any message.</summary>
public sealed record EndpointOptions
{
    /// <summary>Where the address is read from when no role's own variable is set.</summary>
    public const string AddressVariable = "OPENAI_BASE_URL";

    /// <summary>The same for the key.</summary>
    public const string KeyVariable = "OPENAI_API_KEY";

    /// <summary>Largest answer that is read, bytes.</summary>
    public const int MaxResponseBytes = 1 << 20;

    /// <summary>Largest request, bytes: pictures and prompt.</summary>
    public const int MaxRequestBytes = 32 << 20;

    /// <summary>Address below which <c>chat/completions</c> lies, such as <c>http://127.0.0.1:8000/v1</c>.</summary>
    public required Uri BaseAddress { get; init; }

    /// <summary>Name of the model there.</summary>
    public required string Model { get; init; }

    public string? Key { get; init; }

    /// <summary>Longest answer, tokens.</summary>
    public int MaxTokens { get; init; } = 1024;

    /// <summary>Longest wait for a whole answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Attempts of one request.</summary>
    public int MaxAttempts { get; init; } = 5;

    /// <summary>First wait after a failure; doubles up to <see cref="MaxDelay"/>.</summary>
    public TimeSpan BaseDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait, also where the server asks for more.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Reads address and key: STUDIO_ROLE_URL and STUDIO_ROLE_KEY, or else <see cref="AddressVariable"/> and <see cref="KeyVariable"/>.</summary>
    /// <param name="role">CAPTIONER or WRITER.</param>
    /// <param name="model">Name of the model there.</param>
    /// <param name="variable">Source of environment variables.</param>
    /// <exception cref="ArgumentException">No address, or none of http(s).</exception>
    public static EndpointOptions FromEnvironment(string role, string model, Func<string, string?> variable)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        ArgumentNullException.ThrowIfNull(variable);
        string own = $"STUDIO_{role}_URL";
        bool hasOwn = !string.IsNullOrWhiteSpace(variable(own));
        string name = hasOwn ? own : AddressVariable;
        string address = variable(name)?.Trim() ?? "";
        if (address.Length == 0)
        {
            throw new ArgumentException($"endpoint:{model} needs an address: set {own} or {AddressVariable}, for example to http://127.0.0.1:8000/v1.");
        }

        if (!Uri.TryCreate(address.TrimEnd('/') + "/", UriKind.Absolute, out Uri? uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps) || uri.UserInfo.Length > 0)
        {
            throw new ArgumentException($"{name} is no http or https address without a password in it; give one such as http://127.0.0.1:8000/v1.");
        }

        // A key belongs to its address: that of the common one is not sent to a role's own.
        string? key = variable(hasOwn ? $"STUDIO_{role}_KEY" : KeyVariable)?.Trim();
        return new EndpointOptions { BaseAddress = uri, Model = model, Key = string.IsNullOrEmpty(key) ? null : key };
    }

    /// <exception cref="ArgumentException">A value is out of range; the message names it and the range.</exception>
    public void Validate()
    {
        Require(MaxTokens is >= 16 and <= 65_536, $"{MaxTokens} tokens an answer", "16 to 65536");
        Require(Timeout > TimeSpan.Zero && Timeout <= TimeSpan.FromHours(1), $"a time limit of {Timeout.TotalSeconds} s", "above 0, at most 3600");
        Require(MaxAttempts is >= 1 and <= 20, $"{MaxAttempts} attempts", "1 to 20");
        Require(BaseDelay >= TimeSpan.Zero && MaxDelay >= BaseDelay, $"waits of {BaseDelay.TotalSeconds} to {MaxDelay.TotalSeconds} s", "0 or more, in this order");
    }

    private static void Require(bool met, string value, string allowed)
    {
        if (!met)
        {
            throw new ArgumentException($"An endpoint with {value}; give {allowed}.");
        }
    }
}
