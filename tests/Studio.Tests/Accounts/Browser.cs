using System.Net;
using System.Text.RegularExpressions;
using Xunit;

namespace Studio.Tests.Accounts;

/// <summary>A person's browser as far as forms and cookies go: asks for pages, keeps cookies, follows no redirect by itself.</summary>
internal sealed partial class Browser : IDisposable
{
    private readonly SocketsHttpHandler _handler = new() { AllowAutoRedirect = false, CookieContainer = new() };

    public Browser(Uri address)
    {
        Http = new(_handler) { BaseAddress = address };
        Http.DefaultRequestHeaders.Add("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    }

    public HttpClient Http { get; }

    public CookieCollection Cookies => _handler.CookieContainer.GetAllCookies();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public Task<HttpResponseMessage> GetAsync(string path) => Http.GetAsync(path, Ct);

    public async Task<string> ReadAsync(string path)
    {
        using var answer = await GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync(Ct);
    }

    /// <summary>Loads a page, fills its form in and sends it.</summary>
    /// <param name="page">Where the form is.</param>
    public async Task<HttpResponseMessage> SubmitAsync(string page, Dictionary<string, string> fields, bool withToken = true)
    {
        var html = await ReadAsync(page);
        foreach (Match field in HiddenField().Matches(html))
        {
            var (name, value) = (Attribute(field.Value, "name"), Attribute(field.Value, "value"));
            if (name.Length > 0 && (withToken || !name.Contains("VerificationToken", StringComparison.Ordinal))) _ = fields.TryAdd(name, value);
        }

        using var form = new FormUrlEncodedContent(fields);
        return await Http.PostAsync(page, form, Ct);
    }

    public void Dispose() => Http.Dispose();

    private static string Attribute(string tag, string name) =>
        WebUtility.HtmlDecode(Regex.Match(tag, $"\\b{name}=\"(?<value>[^\"]*)\"").Groups["value"].Value);

    [GeneratedRegex("<input[^>]*type=\"hidden\"[^>]*>")]
    private static partial Regex HiddenField();
}
