using System.Net;

namespace Studio.Hosting;

/// <summary>
/// Asks a server that has just started for its pages, as a first visitor would: what is compiled at first use is compiled before
/// anybody waits for it.
/// </summary>
internal static class WarmUp
{
    private static readonly string[] s_pages = ["/chat", "/library"];

    /// <summary>Longest it may hold up the start.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    /// <param name="addresses">Of the server; the first is asked, by way of this machine.</param>
    /// <returns>Pages that answered; a page that does not is met by its first visitor, who is told more than could be told here.</returns>
    public static async Task<int> RunAsync(IEnumerable<string> addresses, CancellationToken ct)
    {
        var address = new UriBuilder(addresses.First());
        if (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any))) address.Host = "localhost";
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address.Uri, Timeout = s_limit };
        http.DefaultRequestHeaders.Accept.ParseAdd("text/html"); // as a browser: where people sign in, it is led there
        var answered = 0;
        foreach (var page in s_pages)
        {
            try
            {
                using var response = await http.GetAsync(page, ct);
                if (response.IsSuccessStatusCode) answered++;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !ct.IsCancellationRequested)
            {
                return answered;
            }
        }

        return answered;
    }
}
